// SPDX-License-Identifier: MIT
//
// Both parts of interop_talk.py for Node's module ws.
//   node node_peer.js serve TAKEOVER          prints the port on which it listens
//   node node_peer.js connect TAKEOVER URI    prints "ok", or what went wrong
//   node node_peer.js check                   status 0 if the module is there
'use strict';

const { WebSocket, WebSocketServer } = (() => {
  try {
    return require('ws');
  } catch {
    return require('/usr/share/nodejs/ws');  // where Debian keeps it
  }
})();
const assert = require('assert');

const CLOSE_ORDER = 'close me', CLOSE_CODE = 4001, CLOSE_REASON = 'as asked';
const FRAGMENTS_ORDER = 'send me fragments', FRAGMENTS = ['in ', '', 'three parts'];
const PING_ORDER = 'ping me', PONG = 'your pong came';
const SIZES = [0, 1, 125, 126, 127, 65535, 65536, 1 << 20];

// Where takeover is left open, the other side may still do without.
function deflate(takeover) {
  return takeover ? { threshold: 0 } : { serverNoContextTakeover: true, clientNoContextTakeover: true, threshold: 0 };
}

function sendFragments(socket) {
  FRAGMENTS.forEach((part, i) => socket.send(part, { fin: i === FRAGMENTS.length - 1 }));
}

function serve(takeover) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: deflate(takeover) });
  server.on('listening', () => console.log(server.address().port));
  server.on('connection', (socket) => {
    socket.on('pong', () => socket.send(PONG));
    socket.on('message', (data, isBinary) => {
      const order = isBinary ? '' : data.toString();
      if (order === CLOSE_ORDER) socket.close(CLOSE_CODE, CLOSE_REASON);
      else if (order === FRAGMENTS_ORDER) sendFragments(socket);
      else if (order === PING_ORDER) socket.ping('?');
      else socket.send(data, { binary: isBinary });
    });
  });
}

async function connect(takeover, uri) {
  const socket = new WebSocket(uri, { perMessageDeflate: deflate(takeover) });
  const queue = [];
  let wake = () => {};
  const put = (kind, ...content) => { queue.push([kind, ...content]); wake(); };
  const next = async (kind) => {
    while (queue.length === 0) await new Promise((resolve) => { wake = resolve; });
    const [got, ...content] = queue.shift();
    assert.strictEqual(got, kind, `${got}: ${content}`);
    return content;
  };
  socket.on('open', () => put('open'));
  socket.on('message', (data, isBinary) => put('message', data, isBinary));
  socket.on('pong', (data) => put('pong', data.toString()));
  socket.on('close', (code, reason) => put('close', code, reason.toString()));
  socket.on('error', (error) => put('error', error.message));
  await next('open');

  for (const size of SIZES) {
    for (const binary of [false, true]) {
      const data = Buffer.from(Array.from({ length: size }, (_, i) => binary ? (i * i) % 251 : 97 + i % 26));
      socket.send(data, { binary });
      const [echo, isBinary] = await next('message');
      assert.ok(echo.equals(data) && isBinary === binary, `${size} bytes`);
    }
  }
  for (let i = 0; i < 100; i++) socket.send(`number ${i}`);
  for (let i = 0; i < 100; i++) assert.strictEqual((await next('message'))[0].toString(), `number ${i}`);
  sendFragments(socket);
  assert.strictEqual((await next('message'))[0].toString(), FRAGMENTS.join(''));
  socket.send(FRAGMENTS_ORDER);
  assert.strictEqual((await next('message'))[0].toString(), FRAGMENTS.join(''));
  socket.ping('?');
  assert.deepStrictEqual(await next('pong'), ['?']);
  socket.send(PING_ORDER);
  assert.strictEqual((await next('message'))[0].toString(), PONG);
  socket.send(CLOSE_ORDER);
  assert.deepStrictEqual(await next('close'), [CLOSE_CODE, CLOSE_REASON]);
  console.log('ok');
}

const [mode, takeover, uri] = process.argv.slice(2);
if (mode === 'serve') serve(takeover === '1');
else if (mode === 'connect') {
  connect(takeover === '1', uri).catch((error) => { console.log(error.message); process.exitCode = 1; });
}
