import type { Picture, ShownEvent } from './picture.ts';

/** What the demo shows itself through: a terminal's live view, or plain lines. */
export interface View {
  /** Called once, when there is something to draw from. */
  begin(picture: () => Picture): void;
  event(event: ShownEvent): void;
  /** Gives the terminal back; events that still come are ordinary lines. */
  end(): void;
}
