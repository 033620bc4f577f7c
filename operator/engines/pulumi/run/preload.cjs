'use strict';
/**
 * Loaded into the process of a program before the program: what Node's permission model leaves open between processes of
 * one user, and what Pulumi's runner needs that the model does not have. It holds as long as there is no second realm with
 * functions of its own, so workers stay forbidden.
 */
const fs = require('node:fs');
const inspector = require('node:inspector');
const module_ = require('node:module');
const net = require('node:net');

/** As in causes.ts. */
const endedEarly = 87;
const heldBack = 88;

/** A program that calls process.exit() looks like one that wants nothing more: all that it had not declared would go. */
let isDone = false;
process.on('beforeExit', () => (isDone = true));
process.on('exit', (code) => {
  if (code === 0 && !isDone) process.exitCode = endedEarly;
});

const { PLUMBLINE_KEEPS: keepsFile } = process.env;
delete process.env.PLUMBLINE_KEEPS;
if (keepsFile !== undefined) holdBack(JSON.parse(fs.readFileSync(keepsFile, 'utf8')));

/**
 * What the program has not registered when it says that it is done is deleted by the engine. It is made to fail before it
 * says so where that is more than the stack allows: then the engine deletes nothing.
 */
function holdBack({ urns, most, mayBeEmpty }) {
  const left = new Set(urns);
  let isEmpty = true;
  const isTooMuch = () => left.size > most || (isEmpty && !mayBeEmpty);
  const seen = (response) => {
    left.delete(response.getUrn());
    return response;
  };
  const watched = {
    RegisterResource: (method) => ({
      ...method,
      requestSerialize: (request) => {
        const isReal = request.getCustom() && !request.getType().startsWith('pulumi:providers:');
        if (isReal || request.getRemote()) isEmpty = false;
        return method.requestSerialize(request);
      },
      responseDeserialize: (bytes) => seen(method.responseDeserialize(bytes)),
    }),
    ReadResource: (method) => ({
      ...method,
      responseDeserialize: (bytes) => seen(method.responseDeserialize(bytes)),
    }),
    SignalAndWaitForShutdown: (method) => ({
      ...method,
      requestSerialize: (request) => {
        if (isTooMuch()) process.exit(heldBack);
        return method.requestSerialize(request);
      },
    }),
  };
  const watch = (method) => {
    const name = method.path.replace(/^\/pulumirpc\.ResourceMonitor\//, '');
    return watched[name]?.(method) ?? method;
  };
  const watching = new WeakMap();
  const { _load: load } = module_;
  module_._load = function (name, ...rest) {
    const loaded = load.call(this, name, ...rest);
    if (name !== '@grpc/grpc-js') return loaded;
    if (!watching.has(loaded)) {
      const makeGenericClientConstructor = (methods, ...more) => {
        const all = Object.entries(methods).map(([key, method]) => [key, watch(method)]);
        return loaded.makeGenericClientConstructor(Object.fromEntries(all), ...more);
      };
      watching.set(
        loaded,
        Object.create(loaded, { makeGenericClientConstructor: { value: makeGenericClientConstructor } }),
      );
    }
    return watching.get(loaded);
  };
  // Of a program whose packages do not say that they are done, the end of its process says so.
  process.on('exit', (code) => {
    if (code === 0 && isTooMuch()) process.exitCode = heldBack;
  });
}

function fix(target, name, value) {
  Object.defineProperty(target, name, { value, writable: false, configurable: false });
}

function denied(what) {
  return Object.assign(new Error(`Access to this API has been restricted: ${what}`), { code: 'ERR_ACCESS_DENIED' });
}

/** The runner asks where functions come from, which only matters to those that are sent elsewhere; it can do without. */
fix(
  inspector,
  'Session',
  class Session {
    connect() {}
    disconnect() {}
    addListener() {}
    on() {}
    post(method, ...rest) {
      const callback = rest.at(-1);
      if (typeof callback !== 'function') return;
      queueMicrotask(() => callback(method === 'Debugger.enable' ? null : denied('the inspector')));
    }
  },
);
/** It takes a worker; TypeScript modules are stripped by Node itself. */
fix(module_, 'register', () => undefined);

/** Signals reach any process of the same user, the operator among them. */
const { kill } = process;
fix(process, 'kill', (pid, signal) => {
  if (pid === process.pid) return kill.call(process, pid, signal);
  throw denied('signals to other processes');
});
for (const name of ['_kill', '_debugProcess', '_debugEnd', 'execve']) {
  fix(process, name, () => {
    throw denied(name);
  });
}

/** Engines and providers of other runs listen on this machine, and ask nobody who he is. */
const ownServers = new Set(
  process.argv.flatMap((argument, at, all) => (/^--(monitor|engine)$/.test(argument) ? [all[at + 1]] : [])),
);
for (const url of (process.env.PLUMBLINE_REACHES ?? '').split(' ')) ownServers.add(url);
delete process.env.PLUMBLINE_REACHES;

const isLocal = (address) =>
  /^(127\.|0\.|0+$|::$|::1$|::ffff:(127\.|0\.|7f))/i.test(address) || /^[0:]*[01]?$/.test(address);

/** EACCES, which comes to the program as the error of the connection. */
const permissionDenied = -13;

/** What every connection is made with, below all that a program could take hold of. */
const socket = new net.Socket().connect(1, '127.0.0.1');
const TCP = socket._handle.constructor;
socket.destroy();

for (const name of ['connect', 'connect6']) {
  const connect = TCP.prototype[name];
  fix(TCP.prototype, name, function (request, address, port) {
    if (isLocal(address) && !ownServers.has(`${address}:${port}`)) return permissionDenied;
    return connect.call(this, request, address, port);
  });
}
