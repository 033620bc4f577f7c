'use strict';
/**
 * Loaded into the process of a program before the program: what Pulumi's SDK loads at its start and hardly any program
 * uses is loaded at its first use. That is the compiler and npm's tree of packages, with which it takes functions apart
 * that are sent elsewhere, and what sends traces: more than a third of the work of a small program.
 */
const module_ = require('node:module');

/** By the name under which the SDK asks for it; of these it takes functions and classes, and calls them later. */
const deferrable = new Set([
  '@npmcli/arborist',
  '@opentelemetry/exporter-zipkin',
  '@opentelemetry/instrumentation',
  '@opentelemetry/instrumentation-grpc',
  '@opentelemetry/resources',
  '@opentelemetry/sdk-trace-base',
  '@opentelemetry/sdk-trace-node',
]);
/** Of this one it takes constants, too. */
const compiler = /\/typescript-shim$/;
const sdk = /[\\/]@pulumi[\\/]pulumi[\\/]/;

const { _load: load } = module_;
module_._load = function (name, parent, ...rest) {
  const loadIt = () => load.call(this, name, parent, ...rest);
  if (!sdk.test(parent?.filename ?? '')) return loadIt();
  if (compiler.test(name)) return atFirstUse((key) => loadIt()[key]);
  if (deferrable.has(name)) return atFirstUse((key) => deferred(() => loadIt()[key]));
  return loadIt();
};

/** A module that passes for one of ES, so that nobody copies what is in it. */
function atFirstUse(valueOf) {
  return new Proxy({}, { get: (_, key) => key === '__esModule' || valueOf(key) });
}

function deferred(find) {
  return function (...args) {
    return new.target === undefined ? find()(...args) : Reflect.construct(find(), args);
  };
}
