export type { House, Plans, PlanView, Walk } from './house.ts';
export { recallLastChange } from './recorded.ts';
export { accountOf, refOf } from './stack-ref.ts';
export { unwind } from './unwind.ts';
export { walk } from './way.ts';
