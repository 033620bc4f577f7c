/** For tests that ask the provider without an engine between. */
export { listen, unary } from '../serve.ts';
export { NotInitialized } from './not-initialized.ts';
export { objects } from './objects.ts';
export type { ValueMap } from './property.ts';
export { Provider } from './provider.ts';
export type { Created } from './requests.ts';
