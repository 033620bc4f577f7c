/** Names that the charts, the installer and the RBAC rules agree on. */

export const systemNamespace = 'plumbline-system';

/** ServiceAccount of the operator itself. No stack may apply as it. */
export const operatorAccount = 'plumbline';

/** ServiceAccount that the root stack applies as: it may write Stacks and GitSources in plumbline-system, nothing else. */
export const platformAccount = 'plumbline-platform';

/** ServiceAccount of the stack that makes tenants' namespaces. */
export const commonAccount = 'plumbline-common';

/** ServiceAccount of the stack under all others, the infrastructure. */
export const infraAccount = 'plumbline-infra';

/** ServiceAccount of the stack of what every cluster has beside its applications. */
export const addonsAccount = 'plumbline-addons';

/** ClusterRole that a tenant's deployer is bound to, in the tenant's namespace only. */
export const tenantRole = 'plumbline-tenant';

/** ClusterRole that lets the operator act as the ServiceAccounts of a namespace; bound in namespaces that hold Stacks. */
export const stacksRole = 'plumbline-stacks';

/** Label of the namespaces that the stack `common` made, or that an administrator gave into its hands. */
export const tenantLabel = 'plumbline.dev/tenant';

/** ClusterRole of those who may approve plans; bound where they may. */
export const approverRole = 'plumbline-approver';

/** What it takes to know how objects are. */
export const lookVerbs: string[] = ['get', 'list', 'watch'];

/** What server-side apply, prune and a look at the object need. */
export const manageVerbs: string[] = [...lookVerbs, 'create', 'patch', 'update', 'delete'];
