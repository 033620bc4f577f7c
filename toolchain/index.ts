/** The toolchain's room: programs, a real control plane, processes that never outlive their parent. */
export { cachedPath, cacheFolder, type Report } from './cache.ts';
export { createAuthority } from './certificates.ts';
export { run } from './command.ts';
export { startControlPlane, type ControlPlane, type ControlPlaneOptions } from './control-plane.ts';
export { kubeconfigText } from './credentials.ts';
export { type Found } from './find.ts';
export { GitRepository, startGitServer, type GitServer } from './git-server.ts';
export { freePorts } from './loopback.ts';
export { removeAtEnd, startProcess, temporaryFolder, type ProcessOptions, type RunningProcess } from './processes.ts';
export { resolveTools, toolPaths, type Resolved, type ResolveOptions } from './resolve.ts';
export { createSshKey, resolveSshd, startSshServer, type SshServer } from './ssh-server.ts';
export { toolNames, tools, type Tool, type ToolName } from './tools.ts';
