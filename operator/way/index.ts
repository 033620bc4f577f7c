export type { House, Walk } from './house.ts';
export { recallLastChange } from './recorded.ts';
export { accountOf, refOf } from './stack-ref.ts';
export { unwind, walk } from './way.ts';
