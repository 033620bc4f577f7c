import { expect, test } from '@jest/globals';
import { failure } from '#runtime';
import { ApiError, type ApiStatus, type StatusCause } from './api-error.ts';
import { apiFailure } from './api-failure.ts';

const status = (message: string, details: ApiStatus['details'] = {}, reason = ''): ApiStatus => ({
  kind: 'Status',
  message,
  reason,
  details,
});
const causes = (...list: StatusCause[]): ApiStatus['details'] => ({ causes: list });
const facts = { verb: 'patch', key: 'Deployment.apps/shop/web', as: { namespace: 'shop', name: 'deployer' } };

const forbidden =
  'deployments.apps "web" is forbidden: User "system:serviceaccount:shop:deployer" cannot patch resource "deployments"';
const immutable: StatusCause = {
  reason: 'FieldValueInvalid',
  message: 'Invalid value: {}: field is immutable',
  field: 'spec.selector',
};

test.each([
  ['401', new ApiError(401, status('Unauthorized')), 'Forbidden', /does not know who we are/],
  [
    '403 by RBAC',
    new ApiError(403, status(forbidden, { group: 'apps', kind: 'deployments' })),
    'Forbidden',
    /ServiceAccount shop\/deployer may not patch deployments\.apps/,
  ],
  [
    '403 of an impersonation',
    new ApiError(403, status('serviceaccounts "deployer" is forbidden: User "op" cannot impersonate resource "x"')),
    'Forbidden',
    /may not act for stacks and sources of namespace shop: .*bind ClusterRole plumbline-stacks/,
  ],
  ['403 by quota', new ApiError(403, status('"web" is forbidden: exceeded quota: small')), 'QuotaExceeded', /small/],
  [
    '403 by a terminating namespace',
    new ApiError(403, status('gone soon', causes({ reason: 'NamespaceTerminating' }))),
    'NamespaceTerminating',
    /gone soon/,
  ],
  ['403 by a policy', new ApiError(403, status('policy says no')), 'AdmissionDenied', /policy says no/],
  [
    '404 of the namespace',
    new ApiError(404, status('not found', { kind: 'namespaces', name: 'shop' })),
    'NamespaceNotFound',
    /namespace shop of Deployment\.apps\/shop\/web does not exist/,
  ],
  ['404 of the kind', new ApiError(404, status('page not found')), 'UnknownKind', /page not found/],
  [
    '409 by managers',
    new ApiError(
      409,
      status(
        'Apply failed',
        causes({
          reason: 'FieldManagerConflict',
          message: 'conflict with "kubectl-edit" using apps/v1',
          field: '.spec.replicas',
        }),
      ),
    ),
    'FieldConflict',
    /spec\.replicas \(kubectl-edit\)/,
  ],
  ['409 by version', new ApiError(409, status('object has been modified')), 'ApiUnavailable', /modified/],
  [
    '422 of immutable fields only',
    new ApiError(422, status('invalid', causes(immutable))),
    'ImmutableField',
    /spec\.selector/,
  ],
  [
    '422 of an immutable and a wrong field',
    new ApiError(422, status('two wrongs', causes(immutable, { reason: 'FieldValueRequired', field: 'spec.x' }))),
    'ObjectInvalid',
    /spec\.selector: Invalid value.*; spec\.x: /,
  ],
  [
    '422 that quotes a whole object',
    new ApiError(
      422,
      status(
        'long',
        causes({ ...immutable, message: `Invalid value: {${'x'.repeat(5000)}}: must match the template` }),
      ),
    ),
    'ObjectInvalid',
    /^.{1,400}must match the template; correct the field$/,
  ],
  [
    '422 by a policy, whatever it says',
    new ApiError(422, status('denied request: field is immutable', causes({ message: 'field is immutable' }))),
    'AdmissionDenied',
    /field is immutable/,
  ],
  ['400', new ApiError(400, status('unknown field "spec.foo"')), 'ObjectInvalid', /unknown field "spec\.foo"/],
  ['429', new ApiError(429, undefined, 2000), 'ApiUnavailable', /429/],
  ['503', new ApiError(503), 'ApiUnavailable', /503/],
  ['500', new ApiError(500, status('etcd is away')), 'ApiUnavailable', /etcd is away/],
  [
    '500 of a webhook that is down',
    new ApiError(500, status('Internal error occurred: failed calling webhook "a.example": failed to call webhook')),
    'AdmissionDenied',
    /an admission webhook could not be asked: .*a\.example/,
  ],
  [
    '500 of a wrong type',
    new ApiError(500, status('failed to create typed patch object (a/b): .spec.x: field not declared in schema')),
    'ObjectInvalid',
    /spec\.x/,
  ],
  [
    '500 of a wrong encoding',
    new ApiError(500, status('failed to convert new object (a/b): illegal base64 data at input byte 4')),
    'ObjectInvalid',
    /illegal base64/,
  ],
  ['no answer', ApiError.connection({ message: 'connect', code: 'ECONNREFUSED' }), 'ApiUnavailable', /ECONNREFUSED/],
])('%s', (_name, error, reason, message) => {
  const found = apiFailure(error, facts);
  expect([found.reason, found.message]).toEqual([reason, expect.stringMatching(message)]);
  expect(found.retryAfterMs).toBe(error.retryAfterMs);
});

test('a Failure stays as it is', () => {
  const ours = failure('TimedOut', { what: 'too slow' });
  expect(apiFailure(ours, facts)).toBe(ours);
});

test.each([
  'Secret "s" is invalid: data[k]: Invalid value: "hunter2": too short',
  'Secret "s" is invalid: data[k]: Invalid value: "hun\\"hunter2\\"": too short',
  'Secret "s" is invalid: data[k]: Invalid value: hunter2: too short',
  'failed to create typed patch object: .stringData.p: expected string, got &value.valueUnstructured{Value:hunter2}',
  'failed to create typed patch object: .p: got &value.valueUnstructured{Value:map[string]interface {}{"a":hunter2}}',
  'admission webhook "w.example" denied the request: "hunter2" is in a dictionary',
  'type: Unsupported value: "hunter2": supported values: "a"',
  `data: Duplicate value: "hunter2${'x'.repeat(3000)}`,
])('the value of a Secret is in no message and no cause: %s', (message) => {
  const error = new ApiError(422, status(message, causes({ reason: 'FieldValueInvalid', message, field: 'data[k]' })));
  const found = apiFailure(error, { verb: 'patch', key: 'Secret/shop/s' });
  expect(JSON.stringify([found.message, found.cause, String(found.cause)])).not.toContain('hunter2');
});

test('names stay in the messages about a Secret', () => {
  const message = 'secrets "s" is forbidden: User "ada" cannot patch resource "secrets" in the namespace "shop"';
  const found = apiFailure(new ApiError(403, status(message)), { verb: 'patch', key: 'Secret/shop/s' });
  expect(found.message).toContain(message);
});
