/** The toolchain's room: programs, a real control plane, processes that never outlive their parent. */
export { cacheFolder, type Report } from './cache.ts';
export { resolveTools, toolPaths, type Resolved, type ResolveOptions } from './resolve.ts';
export { type Found } from './find.ts';
export { toolNames, tools, type Tool, type ToolName } from './tools.ts';
export { startControlPlane, type ControlPlane } from './control-plane.ts';
export { GitRepository, startGitServer, type GitServer } from './git-server.ts';
export { startProgram, type RunningProgram } from './processes.ts';
