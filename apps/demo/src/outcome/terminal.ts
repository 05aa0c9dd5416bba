/**
 * The terminal: lines that stay, and beneath them a table that is drawn anew while the run lasts.
 * Headless, lines only.
 *
 * Not here: what stands in the table (table.ts).
 */

/** What a terminal shows. */
interface TerminalOptions {
  readonly isHeadless: boolean;
  /** The table's lines. */
  readonly table: () => readonly string[];
  /** Headless: one line in place of the table. */
  readonly summary: () => string;
}

const DRAW_INTERVAL_MS = 250;
const SUMMARY_INTERVAL_MS = 5_000;
const ERASE_BELOW = "\x1b[0J";

/** Shows lines and the table. */
export class Terminal {
  readonly #options: TerminalOptions;
  readonly #startedAtMs = performance.now();
  #drawnLineCount = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: TerminalOptions) {
    this.#options = options;
  }

  /** How long a line may be; headless, as long as it likes. */
  get columnsMax(): number {
    return this.#options.isHeadless ? Number.POSITIVE_INFINITY : process.stdout.columns || 80;
  }

  /** Says what happens, with the time since the start. */
  say(line: string): void {
    const seconds = (performance.now() - this.#startedAtMs) / 1_000;
    this.print(`${seconds.toFixed(1).padStart(5)} s  ${line}`);
  }

  /** Prints a line as it is. */
  print(line: string): void {
    this.#erase();
    process.stdout.write(`${line}\n`);
    if (this.#timer && !this.#options.isHeadless) this.#draw();
  }

  /** Begins to show how it goes. */
  start(): void {
    const { isHeadless, summary } = this.#options;
    this.#timer = isHeadless
      ? setInterval(() => this.say(summary()), SUMMARY_INTERVAL_MS)
      : setInterval(() => this.#redraw(), DRAW_INTERVAL_MS);
  }

  /** Takes the table away. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#erase();
  }

  #redraw(): void {
    this.#erase();
    this.#draw();
  }

  #draw(): void {
    const columns = process.stdout.columns || 80;
    const lines = this.#options.table().map((line) => line.slice(0, columns - 1));
    process.stdout.write(`${lines.join("\n")}\n`);
    this.#drawnLineCount = lines.length;
  }

  #erase(): void {
    if (this.#drawnLineCount === 0) return;
    process.stdout.write(`\x1b[${this.#drawnLineCount}A\r${ERASE_BELOW}`);
    this.#drawnLineCount = 0;
  }
}
