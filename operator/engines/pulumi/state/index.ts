export { createStateStore, type StateStoreOptions } from './store.ts';
export type { StateOptions, StateSession, StateStore } from '../values.ts';
export { parseExport, type Export } from './checkpoint.ts';
export { StateDesk, type DeskOptions } from './desk.ts';
export { withoutPassword } from './backend-url.ts';
