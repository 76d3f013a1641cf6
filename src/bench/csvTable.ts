/** A file that somebody else has read: messages name it, nothing opens it. */
export interface TextFile {
  readonly name: string;
  readonly text: string;
}

/** Rows of one file: far above any trace of a cluster, and what a heap of 4 GB surely holds. */
const MAX_ROWS = 1_000_000;

/**
 * A comma-separated file with a header, columns found by their name. The traces have neither quotes
 * nor commas inside a value, so neither is understood: such a row has the wrong number of columns
 * and is refused, instead of being read shifted by one.
 */
export class CsvTable {
  readonly file: string;
  readonly #columns: ReadonlyMap<string, number>;
  readonly #rows: readonly {readonly line: number; readonly fields: readonly string[]}[];

  /**
   * @param required columns that must be there; others may be asked for with `has`
   * @throws Error naming file and line, when a column is missing, a row is too short or too long,
   *   or there are no rows
   */
  constructor({name, text}: TextFile, required: readonly string[]) {
    this.file = name;
    const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
    const header = (lines[0] ?? '').split(',').map((column) => column.trim());
    this.#columns = new Map(header.map((column, index) => [column, index]));
    for (const column of required) {
      if (this.#columns.has(column)) continue;
      this.#refuse(1, `the header must name column ${column}`, lines[0] ?? '');
    }
    this.#rows = lines.flatMap((content, index) => {
      if (index === 0 || content.trim() === '') return [];
      const fields = content.split(',').map((field) => field.trim());
      if (fields.length !== header.length) {
        this.#refuse(index + 1, `it must have ${header.length} columns like the header`, content);
      }
      return [{line: index + 1, fields}];
    });
    if (this.#rows.length === 0 || this.#rows.length > MAX_ROWS) {
      this.#refuse(2, `there must be 1 to ${MAX_ROWS} rows`, String(this.#rows.length));
    }
  }

  get rowCount(): number {
    return this.#rows.length;
  }

  has(column: string): boolean {
    return this.#columns.has(column);
  }

  /** As it stands there, without spaces around; empty where the file has no such column. */
  text(row: number, column: string): string {
    const index = this.#columns.get(column);
    return index === undefined ? '' : this.#rows[row]!.fields[index]!;
  }

  /**
   * A whole number from 0. `1000.0` is one: tools write columns with gaps that way.
   *
   * @throws Error naming file, line, the value found and the one wanted
   */
  integer(row: number, column: string, max: number): number {
    const text = this.text(row, column);
    const value = Number(text);
    if (/^\d+(\.0+)?$/.test(text) && value <= max) return value;
    return this.refuse(row, column, `be a whole number from 0 to ${max}`);
  }

  /**
   * A number, also a broken one.
   *
   * @throws Error naming file, line, the value found and the one wanted
   */
  number(row: number, column: string): number {
    const text = this.text(row, column);
    const value = Number(text);
    if (text !== '' && Number.isFinite(value)) return value;
    return this.refuse(row, column, 'be a number');
  }

  /** @throws Error always: that `column` must be what `wanted` says */
  refuse(row: number, column: string, wanted: string): never {
    this.#refuse(this.#rows[row]!.line, `${column} must ${wanted}`, this.text(row, column));
  }

  #refuse(line: number, wanted: string, found: string): never {
    const value = JSON.stringify(found.length > 100 ? `${found.slice(0, 100)}...` : found);
    throw new Error(`Cannot read ${this.file}:${line} as ${wanted}: current value is ${value}`);
  }
}
