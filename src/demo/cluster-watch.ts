// Asks the agents, again and again, what they do; what the views show comes from here.
import { pause } from './children.ts';
import type { Harm, Member } from './member.ts';
import {
  fetchCluster,
  fetchReport,
  type ListedMember,
  type MemberReport,
  type ReportedEvent,
} from './member-report.ts';

/** One member as the views show it. Empty texts: nobody has told. */
export interface MemberPicture {
  readonly name: string;
  readonly port: number;
  readonly harm: Harm;
  readonly agentEnded: boolean;
  readonly role: string;
  readonly state: string;
  readonly timeline: number | undefined;
  readonly lagBytes: number | undefined;
  readonly job: string | undefined;
}

const POLL_MS = 500;
const KNOWN_EVENTS_MAX = 5_000;

export class ClusterWatch {
  readonly #members: readonly Member[];
  readonly #onEvent: (event: ReportedEvent) => void;
  readonly #known = new Set<string>();
  #reports = new Map<string, MemberReport>();
  #listed = new Map<string, ListedMember>();
  #stopped = false;
  #running: Promise<void> | undefined;

  constructor(members: readonly Member[], onEvent: (event: ReportedEvent) => void) {
    this.#members = members;
    this.#onEvent = onEvent;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  picture(): readonly MemberPicture[] {
    return this.#members.map((member) => {
      // The store goes on telling what a member was like that cannot tell any more.
      const isSilent = member.harm === 'killed' || member.harm === 'frozen';
      return isSilent
        ? pictureOf(member, undefined, undefined)
        : pictureOf(member, this.#reports.get(member.name), this.#listed.get(member.name));
    });
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      await this.poll();
      await pause(POLL_MS);
    }
  }

  async poll(): Promise<void> {
    const asked = this.#members.filter(({ harm, agentEnded }) => harm === 'none' && !agentEnded);
    const [reports, listed] = await Promise.all([
      Promise.all(asked.map(({ place }) => fetchReport(place))),
      firstCluster(asked),
    ]);
    const told = asked.map(({ name }, index) => [name, reports[index]] as const);
    this.#reports = new Map(told.flatMap(([name, report]) => (report === undefined ? [] : [[name, report]])));
    this.#listed = new Map(listed.map((member) => [member.name, member]));
    const events = [...this.#reports.values()].flatMap((report) => report.events);
    for (const event of events.toSorted((a, b) => Date.parse(a.wallAt) - Date.parse(b.wallAt))) this.#tell(event);
  }

  #tell(event: ReportedEvent): void {
    const key = `${event.member} ${event.wallAt} ${event.kind} ${event.text}`;
    if (this.#known.has(key)) return;
    this.#known.add(key);
    if (this.#known.size > KNOWN_EVENTS_MAX) this.#known.delete([...this.#known][0] ?? '');
    this.#onEvent(event);
  }
}

async function firstCluster(members: readonly Member[]): Promise<readonly ListedMember[]> {
  for (const { place } of members) {
    const listed = await fetchCluster(place);
    if (listed !== undefined) return listed;
  }
  return [];
}

function pictureOf(
  { name, place, harm, agentEnded }: Member,
  report: MemberReport | undefined,
  listed: ListedMember | undefined,
): MemberPicture {
  return {
    name,
    port: place.ports.postgres,
    harm,
    agentEnded,
    role: listed?.role ?? report?.role ?? '',
    state: listed?.state ?? report?.state ?? '',
    timeline: listed?.timeline,
    lagBytes: listed?.lagBytes,
    job: report?.job,
  };
}
