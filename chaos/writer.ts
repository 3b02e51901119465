// One connection to one member that inserts whenever that member takes it, so that two members that acknowledge at once are
// seen by two writers. What was answered is remembered with its time; an insert that was not answered counts as nothing.
import { openSession, type SqlSession } from '../src/demo/write-connection.ts';
import { PASSWORDS, type TestMember } from '../test/support/kornak-cluster.ts';

export interface Acknowledgement {
  readonly id: number;
  readonly member: string;
  readonly atMs: number;
}

const PACE_MS = 5;
const READ_ONLY_PACE_MS = 25;
const CONNECT_PACE_MS = 50;

const pause = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms));

export class MemberWriter {
  readonly acknowledged: Acknowledgement[] = [];
  readonly #member: TestMember;
  readonly #nextId: () => number;
  readonly #round: number;
  #session: SqlSession | undefined;
  #over = false;
  #ended: Promise<void> | undefined;

  constructor(member: TestMember, round: number, nextId: () => number) {
    this.#member = member;
    this.#round = round;
    this.#nextId = nextId;
  }

  start(): void {
    this.#ended = this.#run();
  }

  async stop(): Promise<void> {
    this.#over = true;
    this.#hangUp();
    await this.#ended;
  }

  async #run(): Promise<void> {
    while (!this.#over) {
      try {
        const session = await openSession(this.#member, PASSWORDS.superuser);
        this.#session = session;
        if (session !== undefined) await this.#insertOn(session);
      } catch {
        this.#hangUp();
      }
      await pause(CONNECT_PACE_MS);
    }
  }

  async #insertOn(session: SqlSession): Promise<void> {
    while (!this.#over) await this.#insert(session);
  }

  /** Waits as long as it takes: an answer that a frozen member gives after its thaw is an answer. */
  async #insert({ client }: SqlSession): Promise<void> {
    const { rows } = await client.query<{ standby: boolean }>('select pg_is_in_recovery() as standby');
    if (rows[0]?.standby !== false) {
      await pause(READ_ONLY_PACE_MS);
      return;
    }
    const id = this.#nextId();
    const values = [id, this.#round, this.#member.name];
    await client.query('insert into chaos (id, round, member) values ($1, $2, $3)', values);
    this.acknowledged.push({ id, member: this.#member.name, atMs: performance.now() });
    await pause(PACE_MS);
  }

  #hangUp(): void {
    this.#session?.hangUp();
    this.#session = undefined;
  }
}
