export { Fights } from './fights.ts';
export { findDrift, type Drifted } from './find.ts';
export { heal, type HealContext } from './heal.ts';
export { adoptIgnored, ignoreRules, leaveIgnored, isIgnored, type IgnoreRule } from './ignore.ts';
export { OwnedObjects, type OwnedEvent } from './owned-objects.ts';
export { ToldDrift } from './told.ts';
