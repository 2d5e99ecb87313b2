"""Faults that must be survived or refused with one clear line, and where each is tested.

Files
    missing, empty, of another kind: test_exit_codes, test_wrong_files. Not UTF-8, byte-order
    mark, CRLF, 100 MB, deep, cut off, keys given twice: test_text_files, test_too_large. Folder,
    pipe or device: test_special_files. Unknown keys and names: test_near_names. Tables: also
    tests/connectome/importers. NeuroML: test_neuroml_files, and tests/sims/test_neuroml. Bits
    that changed: test_flipped_bits, test_forged_hdf5, test_fuzz. Outputs in the
    place of runs: test_runs_as_output. Checkpoints: test_exit_codes, and
    tests/ann_bridge/test_resume. Missing chunks: tests/sims/test_storage. Full and read-only
    disks: test_full_disk, and tests/sweep/test_full_disk.
Parameters
    test_parameters, test_command_line; of networks, tasks and trainings:
    test_settings_of_networks; of functions: test_hostile_arguments; devices: also
    tests/test_devices; too large: test_too_large; extras that are not installed:
    test_missing_extras.
Numerics
    divergence: test_divergence; loss that is not finite: test_parameters, and that of a fit:
    tests/ann_bridge/test_fit; networks in parts, singular matrices, no cycle, no phase:
    test_numerics; numbers near 0: test_denormals; steps that are too coarse:
    tests/sims/test_step_choice.
Runtime
    environment: test_environment; signals: test_signals, test_lost_signals; SIGKILL: test_storm;
    killed workers, steps that kill them or do not end, clocks: test_workers; two processes:
    test_two_writers; memory: test_too_large; threads, folders that disappear:
    test_training_faults; closed output: test_closed_output.
Attacks
    requests, entities, names of files, archives, code: test_attacks; names of neurons:
    test_hostile_names, test_formulas; links: test_planted_links; code in caches:
    test_foreign_caches; pickles: tests/ann_bridge/test_recorded_references.

Each of these defences was taken out of the product, and a test of its line was seen to fail:

Numerics
    checks of starts, samples, solvers, losses and gradients; singular and degenerate points;
    messages of searches without a cycle; signals that are constant, also but for a last bit.
Workers
    a second life for a step, and no third one; death of a worker while it computes or is idle;
    its end with its driver, by the system and by a thread; claims, their ages and clocks; limits
    of time (alarm, watchdog, from outside) and of memory; one thread.
Signals
    the first, the second, the last; at import, in a callback, in compiled code, in the background,
    in a worker, while one starts; handlers that come back; closed output, also with a buffer.
Writers
    locks of files, folders and runs, and a lock that was deleted; renames; flush and fsync.
Digests
    JSON, HDF5, Zarr, networks, checkpoints, results of sweeps, unfinished runs, data sets, page.
Links and caches
    at outputs, temporary names, locks and logs, in folders; owners and modes of folders of
    compiled code and of those above them.
Resources, extras
    estimates and every error of memory; packages of extras, Java, the code 2.
SIGKILL
    in test_storm: the generator of a training, samples of a simulation and what it leaves.
"""
