export { createStateStore, type StateStoreOptions } from './store.ts';
export type { StateOptions, StateSession, StateStore } from '../values.ts';
