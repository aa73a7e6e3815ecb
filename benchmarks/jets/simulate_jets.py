#!/usr/bin/env python3
"""Simulate boosted g / q / t / W / Z jets with Pythia 8 and compute 16 jet observables.

The output is a tabular five-class jet-tagging data set with the same classes, the
same feature names and the same feature definitions as the "hls4ml LHC jet" high-level
feature (HLF) data set (Coleman et al., arXiv:1709.08705; Duarte et al.,
arXiv:1804.06913).  It is an independent simulation, not a copy of that data set.

Chain
-----
1. pp collisions at 13 TeV, Pythia 8 leading-order matrix elements, default (Monash)
   tune with initial/final-state showers, multiparton interactions and hadronisation:

       g : HardQCD:gg2gg
       q : HardQCD:qq2qq                      (matched parton must be u, d or s)
       t : Top:gg2ttbar + Top:qqbar2ttbar     (W -> hadrons)
       w : WeakDoubleBoson:ffbar2WW           (W -> hadrons)
       z : WeakDoubleBoson:ffbar2gmZgmZ       (pure Z, Z -> hadrons)

2. Visible final-state particles with |eta| < 2.5 are clustered with anti-kT, R = 0.8.
   A jet is kept if 800 < pT < 1600 GeV, |eta| < 2.0 and it is the closest jet to one of
   the two hard-process partons/bosons within Delta R < 0.4 (so 0, 1 or 2 jets/event).

3. The jet is reclustered with Cambridge/Aachen and groomed with the modified mass drop
   tagger (z_cut = 0.1, beta = 0, i.e. no angular dependence, no mass-drop condition).

4. Observables.  With z_i = pT_i / sum_k pT_k and R_ij the rapidity-azimuth distance:

       ECF(0) = ECF(1) = 1
       ECF(2, b)  = 1e2(b) = sum_{i<j}   z_i z_j     R_ij^b
       ECF(3, b)  = 3e3(b) = sum_{i<j<k} z_i z_j z_k (R_ij R_ik R_jk)^b
       2e3(b)     = as 3e3, with the product of the two smallest distances only
       1e3(b)     = as 3e3, with the smallest distance only

       C1(b)   = ECF(2,b)                    D2(b)   = ECF(3,b) / ECF(2,b)^3
       C2(b)   = ECF(3,b) / ECF(2,b)^2       D2(a,b) = ECF(3,a) / ECF(2,b)^(3a/b)
       M2(b)   = 1e3(b) / 1e2(b)             N2(b)   = 2e3(b) / 1e2(b)^2

   Names ending in "_mmdt" use the groomed constituents; j_zlogz = sum_i z_i ln z_i
   and j_multiplicity use all constituents of the ungroomed jet.  D2(a=1, b=1) equals
   D2(b=1) identically; both columns are kept, as in the original data set.

   Degenerate jets are kept.  If no declustering passes z_cut, every groomed feature,
   the mass included, is 0; with two groomed constituents the three-point sums are 0,
   hence so are C2, D2, M2 and N2.  Both cases are counted and reported.

Reproducibility: one process and one fixed seed per class, so the result does not depend
on --processes.

    pip install pythia8mc numpy numba
    python simulate_jets.py --jets-per-class 20000 --out lhc_jets_pythia8.npz
"""

import argparse
import json
import math
import multiprocessing as mp
import time
from pathlib import Path

import numpy as np
from numba import njit

CLASS_NAMES = ["g", "q", "t", "w", "z"]

FEATURE_NAMES = [
    "j_zlogz",
    "j_c1_b0_mmdt",
    "j_c1_b1_mmdt",
    "j_c1_b2_mmdt",
    "j_c2_b1_mmdt",
    "j_c2_b2_mmdt",
    "j_d2_b1_mmdt",
    "j_d2_b2_mmdt",
    "j_d2_a1_b1_mmdt",
    "j_d2_a1_b2_mmdt",
    "j_m2_b1_mmdt",
    "j_m2_b2_mmdt",
    "j_n2_b1_mmdt",
    "j_n2_b2_mmdt",
    "j_mass_mmdt",
    "j_multiplicity",
]

PROCESSES = {
    "g": ["HardQCD:gg2gg = on"],
    "q": ["HardQCD:qq2qq = on"],
    "t": ["Top:gg2ttbar = on", "Top:qqbar2ttbar = on", "24:onMode = off", "24:onIfAny = 1 2 3 4 5"],
    "w": ["WeakDoubleBoson:ffbar2WW = on", "24:onMode = off", "24:onIfAny = 1 2 3 4 5"],
    "z": [
        "WeakDoubleBoson:ffbar2gmZgmZ = on",
        "WeakZ0:gmZmode = 2",
        "23:onMode = off",
        "23:onIfAny = 1 2 3 4 5",
    ],
}

# |PDG id| accepted for the hard-process particle that a jet is matched to.
TRUTH_IDS = {"g": {21}, "q": {1, 2, 3}, "t": {6}, "w": {24}, "z": {23}}


# --------------------------------------------------------------------------------------
# Jet grooming and observables (numba)
# --------------------------------------------------------------------------------------


@njit(cache=False)
def rapidity(px, py, pz, e):
    """Rapidity, in a form that is stable for light, energetic particles."""
    m2 = max(0.0, e * e - px * px - py * py - pz * pz)
    y = math.log((e + abs(pz)) / math.sqrt(px * px + py * py + m2))
    return y if pz >= 0.0 else -y


@njit(cache=False)
def distance2(y1, phi1, y2, phi2):
    """Squared rapidity-azimuth distance."""
    dphi = abs(phi1 - phi2)
    if dphi > math.pi:
        dphi = 2.0 * math.pi - dphi
    return (y1 - y2) ** 2 + dphi * dphi


@njit(cache=False)
def cambridge_aachen(p4):
    """Cluster all rows (px, py, pz, E) of p4 into one C/A tree (E-scheme).

    Returns the momenta of the 2n-1 nodes (leaves first, root last) and, for each, the
    indices of its two parents (-1 for a leaf).
    """
    n = p4.shape[0]
    nodes = np.empty((2 * n - 1, 4))
    nodes[:n] = p4
    parents = np.full((2 * n - 1, 2), -1, np.int64)
    y = np.empty(2 * n - 1)
    phi = np.empty(2 * n - 1)
    for i in range(n):
        y[i] = rapidity(p4[i, 0], p4[i, 1], p4[i, 2], p4[i, 3])
        phi[i] = math.atan2(p4[i, 1], p4[i, 0])
    active = np.arange(n)
    n_active = n
    for new in range(n, 2 * n - 1):
        best, best_a, best_b = np.inf, -1, -1
        for a in range(n_active):
            for b in range(a):
                d = distance2(y[active[a]], phi[active[a]], y[active[b]], phi[active[b]])
                if d < best:
                    best, best_a, best_b = d, a, b
        i, j = active[best_a], active[best_b]
        for c in range(4):
            nodes[new, c] = nodes[i, c] + nodes[j, c]
        parents[new, 0], parents[new, 1] = i, j
        y[new] = rapidity(nodes[new, 0], nodes[new, 1], nodes[new, 2], nodes[new, 3])
        phi[new] = math.atan2(nodes[new, 1], nodes[new, 0])
        active[best_b] = new  # best_b < best_a by construction
        n_active -= 1
        active[best_a] = active[n_active]
    return nodes, parents


@njit(cache=False)
def mmdt(p4, z_cut):
    """Indices (rows of p4) of the mMDT-groomed constituents; empty if the tag fails."""
    nodes, parents = cambridge_aachen(p4)
    node = nodes.shape[0] - 1
    while parents[node, 0] >= 0:
        a, b = parents[node, 0], parents[node, 1]
        pta = math.hypot(nodes[a, 0], nodes[a, 1])
        ptb = math.hypot(nodes[b, 0], nodes[b, 1])
        if min(pta, ptb) > z_cut * (pta + ptb):
            break
        node = a if pta > ptb else b
    if parents[node, 0] < 0:
        return np.empty(0, np.int64)
    leaves = np.empty(p4.shape[0], np.int64)
    n_leaves = 0
    stack = np.empty(nodes.shape[0], np.int64)
    stack[0] = node
    depth = 1
    while depth > 0:
        depth -= 1
        node = stack[depth]
        if parents[node, 0] < 0:
            leaves[n_leaves] = node
            n_leaves += 1
        else:
            stack[depth] = parents[node, 0]
            stack[depth + 1] = parents[node, 1]
            depth += 2
    return leaves[:n_leaves]


@njit(cache=False)
def correlators(p4):
    """Energy correlation sums over the rows of p4.

    Returns [ECF(2,0), ECF(2,1), ECF(2,2), ECF(3,1), ECF(3,2), 1e3(1), 1e3(2),
    2e3(1), 2e3(2)].
    """
    n = p4.shape[0]
    z = np.empty(n)
    y = np.empty(n)
    phi = np.empty(n)
    total = 0.0
    for i in range(n):
        z[i] = math.hypot(p4[i, 0], p4[i, 1])
        total += z[i]
        y[i] = rapidity(p4[i, 0], p4[i, 1], p4[i, 2], p4[i, 3])
        phi[i] = math.atan2(p4[i, 1], p4[i, 0])
    z /= total
    out = np.zeros(9)
    r = np.zeros((n, n))
    for i in range(n):
        for j in range(i):
            r[i, j] = math.sqrt(distance2(y[i], phi[i], y[j], phi[j]))
            r[j, i] = r[i, j]
            w = z[i] * z[j]
            out[0] += w
            out[1] += w * r[i, j]
            out[2] += w * r[i, j] ** 2
    for i in range(n):
        for j in range(i):
            wij = z[i] * z[j]
            rij = r[i, j]
            for k in range(j):
                w = wij * z[k]
                rik, rjk = r[i, k], r[j, k]
                lo = min(rij, rik, rjk)
                hi = max(rij, rik, rjk)
                mid = max(min(rij, rik), min(max(rij, rik), rjk))  # median of three
                two = lo * mid
                three = two * hi
                out[3] += w * three
                out[4] += w * three * three
                out[5] += w * lo
                out[6] += w * lo * lo
                out[7] += w * two
                out[8] += w * two * two
    return out


@njit(cache=False)
def ratio(a, b):
    """a / b, or 0 where b vanishes (degenerate jets)."""
    return a / b if b > 0.0 else 0.0


@njit(cache=False)
def jet_features(p4, z_cut):
    """The 16 features of one jet, and its number of groomed constituents."""
    f = np.zeros(16)
    n = p4.shape[0]
    total = 0.0
    for i in range(n):
        total += math.hypot(p4[i, 0], p4[i, 1])
    for i in range(n):
        z = math.hypot(p4[i, 0], p4[i, 1]) / total
        f[0] += z * math.log(z)
    f[15] = n

    keep = mmdt(p4, z_cut)
    if keep.size == 0:
        return f, 0
    groomed = p4[keep]
    c = correlators(groomed)
    e2_0, e2_1, e2_2, e3_1, e3_2 = c[0], c[1], c[2], c[3], c[4]
    f[1], f[2], f[3] = e2_0, e2_1, e2_2  # C1, b = 0, 1, 2
    f[4] = ratio(e3_1, e2_1**2)  # C2, b = 1
    f[5] = ratio(e3_2, e2_2**2)  # C2, b = 2
    f[6] = ratio(e3_1, e2_1**3)  # D2, b = 1
    f[7] = ratio(e3_2, e2_2**3)  # D2, b = 2
    f[8] = ratio(e3_1, e2_1**3)  # D2, a = 1, b = 1
    f[9] = ratio(e3_1, e2_2**1.5)  # D2, a = 1, b = 2
    f[10] = ratio(c[5], e2_1)  # M2, b = 1
    f[11] = ratio(c[6], e2_2)  # M2, b = 2
    f[12] = ratio(c[7], e2_1**2)  # N2, b = 1
    f[13] = ratio(c[8], e2_2**2)  # N2, b = 2
    px, py, pz, e = 0.0, 0.0, 0.0, 0.0
    for i in range(groomed.shape[0]):
        px += groomed[i, 0]
        py += groomed[i, 1]
        pz += groomed[i, 2]
        e += groomed[i, 3]
    f[14] = math.sqrt(max(0.0, e * e - px * px - py * py - pz * pz))
    return f, groomed.shape[0]


# --------------------------------------------------------------------------------------
# Event generation
# --------------------------------------------------------------------------------------


def make_pythia(label, seed, args):
    """An initialised Pythia instance for one jet class, and its version number."""
    import pythia8mc

    pythia = pythia8mc.Pythia("", False)
    settings = [
        "Print:quiet = on",
        "Beams:idA = 2212",
        "Beams:idB = 2212",
        f"Beams:eCM = {args.ecm}",
        f"PhaseSpace:pTHatMin = {args.pthat_min}",
        f"PhaseSpace:pTHatMax = {args.pthat_max}",
        "Random:setSeed = on",
        f"Random:seed = {seed}",
    ]
    for line in settings + PROCESSES[label]:
        if not pythia.readString(line):
            raise ValueError(f"Pythia rejected the setting '{line}'")
    if not pythia.init():
        raise RuntimeError("Pythia failed to initialise")
    return pythia, f"{pythia.parm('Pythia:versionNumber'):.3f}"


def hard_particles(event, label):
    """(rapidity, phi) of the two hard-process particles of the wanted flavour.

    Lines 5 and 6 of the event record are the outgoing particles of the 2 -> 2 process.
    For t, W and Z the last copy before the decay is used, which includes recoils.
    """
    found = []
    for i in (5, 6):
        if event[i].idAbs() not in TRUTH_IDS[label]:
            continue
        particle = event[i]
        if label in "twz":
            particle = event[particle.iBotCopyId()]
        found.append((particle.y(), particle.phi()))
    return found


def matched_jets(jets, truth, args):
    """Indices of the selected jets: for each hard particle the closest jet, if near."""
    chosen = []
    for y, phi in truth:
        best, best_d2 = -1, args.match_dr**2
        for i in range(jets.sizeJet()):
            d2 = distance2(jets.y(i), jets.phi(i), y, phi)
            if d2 < best_d2:
                best, best_d2 = i, d2
        if best < 0 or best in chosen:
            continue
        if not args.jet_pt_min < jets.pT(best) < args.jet_pt_max:
            continue
        if abs(jets.p(best).eta()) >= args.jet_eta_max:
            continue
        chosen.append(best)
    return chosen


def simulate_class(task):
    """Generate one class; returns (label, features [n, 16], bookkeeping dict)."""
    label, seed, args = task
    import pythia8mc

    pythia, version = make_pythia(label, seed, args)
    # SlowJet(power, R, pTmin, |eta| of particles, select, mass): power -1 is anti-kT,
    # select 2 keeps visible final-state particles, mass 2 uses the true masses.
    jets = pythia8mc.SlowJet(-1, args.radius, args.jet_pt_min, args.particle_eta_max, 2, 2)

    rows = np.zeros((args.jets_per_class, len(FEATURE_NAMES)))
    info = {
        "seed": seed,
        "pythia_version": version,
        "events": 0,
        "events_failed": 0,
        "jets": 0,
        "mmdt_failed": 0,
        "groomed_with_2_constituents": 0,
    }
    start = time.time()
    n = 0
    while n < args.jets_per_class:
        if not pythia.next():
            info["events_failed"] += 1
            if info["events_failed"] > 1000:
                raise RuntimeError(f"class {label}: too many failed events")
            continue
        info["events"] += 1
        event = pythia.event
        jets.analyze(event)
        for j in matched_jets(jets, hard_particles(event, label), args):
            if n == args.jets_per_class:
                break
            members = [event[int(i)] for i in jets.constituents(j)]
            p4 = np.array([[p.px(), p.py(), p.pz(), p.e()] for p in members])
            rows[n], n_groomed = jet_features(p4, args.z_cut)
            info["mmdt_failed"] += n_groomed == 0
            info["groomed_with_2_constituents"] += n_groomed == 2
            n += 1
            if n % args.report_every == 0:
                print(f"[{label}] {n} jets, {info['events']} events, {time.time() - start:.0f} s", flush=True)
    info["jets"] = n
    info["seconds"] = round(time.time() - start, 1)
    return label, rows, info


# --------------------------------------------------------------------------------------


def parse_args():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--out", default="lhc_jets_pythia8.npz")
    p.add_argument("--jets-per-class", type=int, default=20000)
    p.add_argument(
        "--seed", type=int, default=20240, help="class k uses seed + k; the final shuffle uses seed"
    )
    p.add_argument("--processes", type=int, default=2)
    p.add_argument("--ecm", type=float, default=13000.0, help="GeV")
    p.add_argument("--pthat-min", type=float, default=950.0, help="GeV")
    p.add_argument("--pthat-max", type=float, default=1100.0, help="GeV")
    p.add_argument("--radius", type=float, default=0.8)
    p.add_argument("--particle-eta-max", type=float, default=2.5)
    p.add_argument("--jet-eta-max", type=float, default=2.0)
    p.add_argument("--jet-pt-min", type=float, default=800.0, help="GeV")
    p.add_argument("--jet-pt-max", type=float, default=1600.0, help="GeV")
    p.add_argument("--match-dr", type=float, default=0.4)
    p.add_argument("--z-cut", type=float, default=0.1)
    p.add_argument("--report-every", type=int, default=2000)
    return p.parse_args()


def main():
    args = parse_args()
    start = time.time()
    tasks = [(label, args.seed + k, args) for k, label in enumerate(CLASS_NAMES)]
    results, info = {}, {}
    # "spawn" and one task per child: every class gets a fresh interpreter and Pythia.
    with mp.get_context("spawn").Pool(args.processes, maxtasksperchild=1) as pool:
        for label, rows, class_info in pool.imap_unordered(simulate_class, tasks, 1):
            results[label], info[label] = rows, class_info
            print(f"[{label}] done: {json.dumps(class_info)}", flush=True)

    X = np.concatenate([results[c] for c in CLASS_NAMES]).astype(np.float32)
    y = np.repeat(np.arange(len(CLASS_NAMES)), [len(results[c]) for c in CLASS_NAMES])
    if not np.isfinite(X).all():
        raise ValueError("non-finite feature values")
    order = np.random.default_rng(args.seed).permutation(len(y))
    X, y = X[order], y[order]
    np.savez_compressed(
        args.out, X=X, y=y, feature_names=np.array(FEATURE_NAMES), class_names=np.array(CLASS_NAMES)
    )

    print(
        f"wrote {args.out}: X {X.shape}, {Path(args.out).stat().st_size / 1e6:.2f} MB, "
        f"{time.time() - start:.0f} s"
    )
    print("median per class:")
    for f, name in enumerate(FEATURE_NAMES):
        medians = [np.median(X[y == k, f]) for k in range(len(CLASS_NAMES))]
        print(f"  {name:16s}" + "".join(f"{m:12.5g}" for m in medians))


if __name__ == "__main__":
    main()
