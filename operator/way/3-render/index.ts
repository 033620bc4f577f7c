export { render, type RenderInput } from './render.ts';
export { readYaml } from './yaml.ts';
