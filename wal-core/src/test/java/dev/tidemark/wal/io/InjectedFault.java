package dev.tidemark.wal.io;

/**
 * A fault that lies in wait in a simulated disk.
 *
 * <p><b>Threads.</b> Any; guarded by the disk.
 */
public final class InjectedFault {
    private final SimulatedDisk disk;
    private final Fault fault;
    private long counted;
    private long hits;

    InjectedFault(SimulatedDisk disk, Fault fault) {
        this.disk = disk;
        this.fault = fault;
    }

    /** How many calls it has hit. */
    public long hits() {
        synchronized (disk) {
            return hits;
        }
    }

    /** Takes it away. */
    public void remove() {
        disk.remove(this);
    }

    Fault fault() {
        return fault;
    }

    /** Counts a call, under the disk's monitor; says whether it is hit. */
    boolean hits(Operation.Call call) {
        if (!fault.calls().counts(call.kind, call.path) || !fault.calls().hits(++counted)) {
            return false;
        }
        hits++;
        return true;
    }
}
