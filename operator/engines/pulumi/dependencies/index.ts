export { createDependencies, type Dependencies, type DependenciesOptions } from './dependencies.ts';
