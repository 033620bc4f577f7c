/** The plugins' room: where they are, and how the pulumi command line finds them. */
export { launcherOf, placePlugins, placeProvider } from './placement.ts';
export { versions } from './versions.ts';
