/** How a field of the Pulumi operator's kinds, and what becomes of it, are written down. */

type Json = Readonly<Record<string, unknown>>;

export interface Row {
  /** Fields that the page must name, as it writes them. */
  readonly fields: readonly string[];
  /** Flow YAML. */
  readonly given: string;
  readonly source?: Json;
  /** Of `spec`, beside what every stack gets. */
  readonly spec?: Json;
  readonly pulumi?: Json;
  /** What is told, one after the other. */
  readonly told?: readonly RegExp[];
}

export const ref = (name: string, key: string): Json => ({ secretKeyRef: { name, key } });
