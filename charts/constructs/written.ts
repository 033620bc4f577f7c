/** A spec as people write it: what has a default may be left out, at every depth. */

export type Written<T, Required extends keyof T = never> = Readonly<Pick<T, Required>> & {
  readonly [field in Exclude<keyof T, Required>]?: Loose<T[field]>;
};

type Loose<T> = T extends readonly (infer Item)[]
  ? readonly Loose<Item>[]
  : T extends object
    ? { readonly [field in keyof T]?: Loose<T[field]> }
    : T;
