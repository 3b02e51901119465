/** What a command says and asks. Results go to stdout, everything else to stderr. */
export interface Terminal {
  out(line: string): void;
  talk(line: string): void;
  /** The answer, or `fallback` for an empty one. Throws Aborted where nobody answers. */
  ask(question: string, fallback: string): Promise<string>;
  /** Default No. */
  confirm(question: string): Promise<boolean>;
  clear(): void;
  sleep(ms: number): Promise<void>;
  now(): Date;
}
