// Ask the kernel what was asked of the module, and try its laws. Used by test_gaussian.py.
window.asking = (() => {
  const G = MTGP.gaussian;
  const list = (x, tasks, first = 0) => ({ x, row: x.map((_, i) => first + i), task: tasks });
  const far = (a, b) => a.reduce((most, v, i) => { const d = Math.abs(v - b[i]); return d <= most ? most : d; }, a.length === b.length ? 0 : Infinity);

  // A situation as the kernel takes it.
  function taken({ x, cells, y, terms, Sigma, new: fresh, tasks }) {
    const seen = { x: cells.map(([i]) => x[i]), row: cells.map(([i]) => i), task: cells.map(([, t]) => t) };
    const all = Sigma.flatMap((_, t) => x.map((v, i) => [v, i, t]));
    return {
      seen, y, Sigma, terms: terms.map(({ kernel, l, W, kappa }) => ({ B: G.coregionalization(W, kappa), k: G.kernels[kernel](l) })),
      fresh: { x: fresh, row: [-1, -2, -3], task: tasks },
      table: { x: all.map((c) => c[0]), row: all.map((c) => c[1]), task: all.map((c) => c[2]) },
    };
  }

  // The largest differences of each kind over all situations, as shares of the largest prior entry (the log
  // likelihood, which has no such unit, as a share of itself or in nats).
  function worst(situations) {
    const result = {};
    for (const situation of situations) {
      const { answer } = situation, { seen, y, Sigma, terms, fresh, table } = taken(situation), factor = G.condition(terms, Sigma, seen);
      const note = (key, a, b, unit = answer.largest) => (result[key] = Math.max(result[key] ?? 0, far(Array.from(a), b) / unit));
      note("log likelihood", [G.logLikelihood(factor, y).value], [answer.logLikelihood], Math.max(1, Math.abs(answer.logLikelihood)));
      for (const [key, cells, options] of [["f", fresh, { joint: true }], ["y", fresh, { noise: true, joint: true }],
        ["part", fresh, { joint: true, terms: terms.slice(0, 1) }], ["table", table, { noise: true }]]) {
        const found = G.posterior(factor, y, cells, options);
        note(`mean of ${key}`, found.mean, answer[key].mean);
        if (options.joint) note(`covariance of ${key}`, found.covariance, answer[key].covariance);
        const own = answer[key].covariance.filter((_, i) => !options.joint || i % (cells.x.length + 1) === 0);
        note(`variance of ${key}`, found.variance, own);
      }
    }
    return result;
  }

  // The laws that are broken, with how far.
  function laws() {
    const broken = {}, hold = (name, distance, most = 1e-10) => { if (!(distance <= most)) broken[name] = distance; };
    const x = [0, 0.9, 2.1, 3, 4.2, 5.1], y1 = [1, -0.4, 0.3, 2, 1.2, -0.6], y2 = [0.2, 0.5, -1, 1.1, 0.4, 0.9], k = G.kernels.matern32(1.3);
    const both = { x: [...x, ...x], row: [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5], task: [...x.map(() => 0), ...x.map(() => 1)] };
    const wanted = list([1.5, 2.7, 6.3, 2.7], [0, 1, 1, 0], -9), y = [...y1, ...y2];
    const ask = (B, Sigma, cells = both, values = y, options = {}) => G.posterior(G.condition([{ B, k }], Sigma, cells), values, wanted, options);

    const B = G.pair(1, 2, 0.8), Sigma = G.pair(0.3, 0.4, -0.5), found = ask(B, Sigma, both, y, { joint: true });
    const C = G.observationCovariance([{ B, k }], Sigma, both), n = 12;
    hold("a covariance is symmetric", far(Array.from(C), Array.from(C, (_, i) => C[(i % n) * n + Math.floor(i / n)])), 0);
    const L = G.cholesky(C.slice());
    hold("L L^T is C", far(Array.from(C), Array.from(C, (_, i) => { const a = Math.floor(i / n), b = i % n; let s = 0; for (let q = 0; q < n; q++) s += L[a * n + q] * L[b * n + q]; return s; })), 1e-12);

    // no transfer: on a complete table with noise proportional to B the other task is of no use, exactly
    const proportional = (rho) => ask(G.pair(1, 2, rho), G.pair(0.3, 0.6, rho));
    hold("no transfer where the noise is proportional to B", far(Array.from(proportional(0.95).mean), Array.from(proportional(0).mean)));
    hold("no transfer, variances", far(Array.from(proportional(0.95).variance), Array.from(proportional(0).variance)));
    const punched = { x: both.x.slice(1), row: both.row.slice(1), task: both.task.slice(1) };
    const holed = (rho) => ask(G.pair(1, 2, rho), G.pair(0.3, 0.6, rho), punched, y.slice(1));
    if (far(Array.from(holed(0.95).mean), Array.from(holed(0).mean)) < 1e-3) broken["with one hole there is transfer"] = 0;

    // an order of the cells is of no consequence, nor is an order of the tasks
    const order = [7, 2, 11, 0, 5, 9, 1, 4, 10, 3, 8, 6], pick = (values) => order.map((i) => values[i]);
    const mixed = ask(B, Sigma, { x: pick(both.x), row: pick(both.row), task: pick(both.task) }, pick(y));
    hold("permuted cells", Math.max(far(Array.from(mixed.mean), Array.from(found.mean)), far(Array.from(mixed.variance), Array.from(found.variance))));
    const turned = (M) => [[M[1][1], M[1][0]], [M[0][1], M[0][0]]], other = (cells) => ({ ...cells, task: cells.task.map((t) => 1 - t) });
    const renamed = G.posterior(G.condition([{ B: turned(B), k }], turned(Sigma), other(both)), y, other(wanted));
    hold("permuted tasks", far(Array.from(renamed.mean), Array.from(found.mean)));

    // another unit: means follow, variances follow its square, the log likelihood falls by the log of the unit for each value
    const scaled = (M) => M.map((row) => row.map((v) => 100 * v)), ten = y.map((v) => 10 * v), large = ask(scaled(B), scaled(Sigma), both, ten);
    hold("scaled values, means", far(Array.from(large.mean, (v) => v / 10), Array.from(found.mean)));
    hold("scaled values, variances", far(Array.from(large.variance, (v) => v / 100), Array.from(found.variance)));
    const nats = (M, S, v) => G.logLikelihood(G.condition([{ B: M, k }], S, both), v);
    hold("scaled values, log likelihood", Math.abs(nats(scaled(B), scaled(Sigma), ten).value + n * Math.log(10) - nats(B, Sigma, y).value));
    const parts = nats(B, Sigma, y);
    hold("fit and complexity add up", Math.abs(parts.fit + parts.complexity + parts.constant - parts.value), 1e-12);

    // two terms with one kernel are one term with the sum; parts add up
    const half = B.map((row) => row.map((v) => v / 2)), two = G.condition([{ B: half, k }, { B: half, k }], Sigma, both);
    hold("a sum of terms", far(Array.from(G.posterior(two, y, wanted).mean), Array.from(found.mean)));
    const part = G.posterior(two, y, wanted, { terms: [two.terms[0]] });
    hold("parts add up", far(Array.from(part.mean, (v) => 2 * v), Array.from(found.mean)));

    // more values never make less certain; a variance is the diagonal of the joint covariance
    const fewer = ask(B, Sigma, { x: both.x.slice(0, 9), row: both.row.slice(0, 9), task: both.task.slice(0, 9) }, y.slice(0, 9));
    if (Array.from(fewer.variance).some((v, i) => v < found.variance[i] - 1e-12)) broken["more values, more certain"] = 1;
    hold("variances are the diagonal", far(Array.from(found.variance), [0, 5, 10, 15].map((i) => found.covariance[i])), 1e-14);

    // without a value there is the prior
    const none = G.posterior(G.condition([{ B, k }], Sigma, list([], [])), [], wanted);
    hold("nothing seen", far([...none.mean, ...none.variance], [0, 0, 0, 0, 1, 4, 4, 1]), 1e-14);

    // draws: linear in the normals, of the right spread; a singular matrix is refused everywhere else
    const unit = wanted.x.map((_, j) => Float64Array.from(wanted.x, (_, i) => Number(i === j))), zero = new Float64Array(4);
    const columns = G.sample(zero, found.covariance, ...unit), spread = Array.from({ length: 16 }, (_, i) => { let s = 0; for (const c of columns) s += c[Math.floor(i / 4)] * c[i % 4]; return s; });
    hold("draws have the covariance", far(spread, Array.from(found.covariance)), 1e-7);
    hold("the same normals", far(Array.from(G.normals(9, 3)), Array.from(G.normals(9, 3))), 0);
    const many = G.normals(20000, 1), sum = many.reduce((a, v) => a + v, 0) / 20000, square = many.reduce((a, v) => a + v * v, 0) / 20000;
    hold("normals have mean 0 and variance 1", Math.max(Math.abs(sum), Math.abs(square - 1)), 0.03);
    let refused = false;
    try { G.cholesky(Float64Array.of(1, 1, 1, 1)); } catch (error) { refused = error.name === "RangeError"; }
    if (!refused) broken["a singular matrix is refused"] = 1;
    return broken;
  }

  return { worst, laws };
})();
