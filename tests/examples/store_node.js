// SPDX-License-Identifier: Apache-2.0
// store_node.js - what a program in JavaScript does with the store, by node-redis: PORT
'use strict';
const assert = require('assert');
const { createClient } = require('@redis/client');

const port = Number(process.argv[2]);

async function values(client) {
    assert.strictEqual(await client.set('k', 'v'), 'OK');
    assert.strictEqual(await client.get('k'), 'v');
    assert.strictEqual(await client.get('none'), null);
    assert.strictEqual(await client.set('k', 'w', { NX: true }), null);
    assert.strictEqual(await client.set('k', 'w', { GET: true }), 'v');
    assert.strictEqual(await client.append('k', 'xyz'), 4);
    assert.strictEqual(await client.incrBy('n', 40), 40);
    assert.strictEqual(await client.decr('n'), 39);
    assert.strictEqual(await client.mSet({ a: '1', b: '2' }), 'OK');
    assert.deepStrictEqual(await client.mGet(['a', 'none', 'b']), ['1', null, '2']);
    assert.strictEqual(await client.exists(['a', 'b', 'none']), 2);
    assert.strictEqual(await client.del(['a', 'b', 'none']), 2);
    assert.strictEqual(await client.type('k'), 'string');
    await assert.rejects(client.incr('k'), /value is not an integer or out of range/);
    await assert.rejects(client.sendCommand(['NOSUCH']), /unknown command/);
}

async function expiry(client) {
    await client.set('e', 'v', { EX: 100 });
    const left = await client.ttl('e');
    assert.ok(left === 99 || left === 100, `${left}`);
    assert.strictEqual(await client.persist('e'), true);
    assert.strictEqual(await client.ttl('e'), -1);
    assert.strictEqual(await client.pExpire('e', 30), true);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.strictEqual(await client.get('e'), null);
}

// Sent in one go: the library does not wait between them.
async function pipeline(client) {
    const answers = await Promise.all(
        Array.from({ length: 2000 }, (_, i) => (i % 2 ? client.get('p') : client.set('p', `${i}`))));
    answers.forEach((answer, i) => assert.strictEqual(answer, i % 2 ? `${i - 1}` : 'OK'));
}

async function keys(client) {
    await client.flushAll();
    const names = Array.from({ length: 500 }, (_, i) => `key:${i}`);
    await client.mSet(names.map((name) => [name, '1']).flat());
    assert.deepStrictEqual((await client.keys('*')).sort(), [...names].sort());
    const seen = new Set();
    for await (const key of client.scanIterator({ MATCH: 'key:*', COUNT: 50 })) seen.add(key);
    assert.strictEqual(seen.size, 500);
    assert.strictEqual(await client.dbSize(), 500);
}

async function bytes(client) {
    const value = Buffer.from(Array.from({ length: 100000 }, (_, i) => i * 7 % 256));
    await client.set('bytes', value);
    const { commandOptions } = require('@redis/client');
    assert.ok(value.equals(await client.get(commandOptions({ returnBuffers: true }), 'bytes')));
}

async function main() {
    const client = createClient({ socket: { host: '127.0.0.1', port }, name: 'node' });
    client.on('error', (error) => { console.error(error); process.exit(1); });
    await client.connect();
    for (const test of [values, expiry, pipeline, keys, bytes]) {
        await test(client);
        console.log(`node-redis: ${test.name}`);
    }
    assert.strictEqual(await client.clientGetName(), 'node');
    assert.match(await client.info(), /# Kiosk/);
    await client.quit();
}

main().catch((error) => { console.error(error); process.exit(1); });
