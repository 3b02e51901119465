/** What a command says and asks. Results go to stdout, everything else to stderr. */
export interface Terminal {
  out(line: string): void;
  talk(line: string): void;
  /** The answer, or `fallback` for an empty one. Throws Aborted where nobody answers. */
  ask(question: string, fallback: string): Promise<string>;
  /** Default No. */
  confirm(question: string): Promise<boolean>;
  /** A file, or stdin for `-`. Throws Refusal where it cannot be read. */
  read(file: string): Promise<string>;
  /** What somebody has made of the text with an editor. */
  edit(text: string, name: string): Promise<string>;
  /** Shows a diff, page by page and in colours where somebody looks on. */
  page(diff: string): Promise<void>;
  clear(): void;
  sleep(ms: number): Promise<void>;
  now(): Date;
}
