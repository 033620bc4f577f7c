export { createDependencies, type Dependencies, type DependenciesOptions } from './dependencies.ts';
export { shippedPackages } from './shipped.ts';
