/** Which handler serves a resource of which type. A new sort of resource (`kubernetes:helm.sh/v3:Release`) gets its line here. */
import { objects } from './objects.ts';
import type { Handler } from './requests.ts';

const others: Readonly<Record<string, Handler>> = {};

export const handlerOf = (type: string): Handler => others[type] ?? objects;
