export { itemsOf } from './lists.ts';
export { render, type RenderInput } from './render.ts';
export { readYaml } from './yaml.ts';
