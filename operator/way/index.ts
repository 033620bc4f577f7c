export type { House, Walk } from './house.ts';
export { unwind, walk } from './way.ts';
