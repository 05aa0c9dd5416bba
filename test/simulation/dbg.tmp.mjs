globalThis.DBG = process.argv[3];
const { runSeed } = await import("@session-mesh/sim");
const r = runSeed(Number(process.argv[2]), {});
console.log(r.failure);
