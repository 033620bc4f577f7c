/** The plugins' room: where they are, and how the pulumi command line finds them. */
export { isPlacedIn, launcherOf, placePlugins, placeProvider } from './placement.ts';
export { versions } from './versions.ts';
