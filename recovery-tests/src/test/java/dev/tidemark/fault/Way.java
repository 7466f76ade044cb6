package dev.tidemark.fault;

import static dev.tidemark.wal.io.Operation.Kind.CREATE;
import static dev.tidemark.wal.io.Operation.Kind.CREATE_DIRECTORY;
import static dev.tidemark.wal.io.Operation.Kind.DELETE;
import static dev.tidemark.wal.io.Operation.Kind.EXISTS;
import static dev.tidemark.wal.io.Operation.Kind.FORCE;
import static dev.tidemark.wal.io.Operation.Kind.FORCE_DIRECTORY;
import static dev.tidemark.wal.io.Operation.Kind.LIST;
import static dev.tidemark.wal.io.Operation.Kind.LOCK;
import static dev.tidemark.wal.io.Operation.Kind.OPEN;
import static dev.tidemark.wal.io.Operation.Kind.READ;
import static dev.tidemark.wal.io.Operation.Kind.REAL_PATH;
import static dev.tidemark.wal.io.Operation.Kind.RENAME;
import static dev.tidemark.wal.io.Operation.Kind.SIZE;
import static dev.tidemark.wal.io.Operation.Kind.TRUNCATE;
import static dev.tidemark.wal.io.Operation.Kind.VOLUME;
import static dev.tidemark.wal.io.Operation.Kind.WRITE;

import dev.tidemark.wal.io.CallMatch;
import dev.tidemark.wal.io.Fault;
import dev.tidemark.wal.io.Operation;
import java.util.EnumSet;
import java.util.Set;

/** In which way a call goes wrong, and which calls can. */
enum Way {
    /**
     * EIO, and nothing was done. For a force: what it should have covered is taken for clean, can still be read, and may be on the medium
     * or not.
     */
    EIO(
            WRITE,
            FORCE,
            READ,
            OPEN,
            CREATE,
            RENAME,
            TRUNCATE,
            DELETE,
            FORCE_DIRECTORY,
            LIST,
            SIZE,
            EXISTS,
            CREATE_DIRECTORY,
            LOCK,
            VOLUME,
            REAL_PATH) {
        @Override
        Fault fault(CallMatch calls) {
            return Fault.ioError(calls);
        }
    },
    /** EIO, although it was done. */
    EIO_BUT_DONE(WRITE, FORCE, CREATE, RENAME, TRUNCATE, DELETE, FORCE_DIRECTORY, CREATE_DIRECTORY) {
        @Override
        Fault fault(CallMatch calls) {
            return Fault.ioError(calls).afterEffect();
        }
    },
    /** EIO, and part of it was done. */
    EIO_HALF_DONE(WRITE) {
        @Override
        Fault fault(CallMatch calls) {
            return Fault.ioError(calls).afterBytes(HALF_BYTES);
        }
    },
    /** EIO, and what it should have covered leaves the page cache at once: it reads as it was before. */
    EIO_PAGES_DROPPED(FORCE) {
        @Override
        Fault fault(CallMatch calls) {
            return Fault.ioError(calls);
        }
    },
    /** The kernel fails to write back what was just written, and tells the next who forces the file. */
    WRITE_BACK_FAILS(WRITE),
    /** ENOSPC, and nothing was done. */
    ENOSPC(WRITE, FORCE, CREATE, RENAME, FORCE_DIRECTORY, CREATE_DIRECTORY) {
        @Override
        Fault fault(CallMatch calls) {
            return Fault.full(calls);
        }
    },
    /** ENOSPC, and part of it was done. */
    ENOSPC_HALF_DONE(WRITE) {
        @Override
        Fault fault(CallMatch calls) {
            return Fault.full(calls).afterBytes(HALF_BYTES);
        }
    },
    /** From now on no block can be allocated, and those that are can be written over: what a full disk is. */
    DISK_IS_FULL(WRITE),
    /** Less than was asked for, without an error. */
    SHORT(WRITE, READ) {
        @Override
        Fault fault(CallMatch calls) {
            return Fault.shortRead(calls, SHORT_BYTES);
        }
    },
    /** Nothing at all, without an error. */
    NOTHING(WRITE) {
        @Override
        Fault fault(CallMatch calls) {
            return Fault.shortWrite(calls, 0);
        }
    },
    /** EMFILE. */
    EMFILE(OPEN, CREATE, LIST, LOCK) {
        @Override
        Fault fault(CallMatch calls) {
            return Fault.tooManyOpenFiles(calls);
        }
    };

    private static final int HALF_BYTES = 600;
    private static final int SHORT_BYTES = 700;
    private static final Set<Operation.Kind> OF_THE_STORE = EnumSet.of(CREATE_DIRECTORY, LOCK, VOLUME, REAL_PATH);

    private final Set<Operation.Kind> kinds;

    Way(Operation.Kind first, Operation.Kind... more) {
        kinds = EnumSet.of(first, more);
    }

    /** The calls that can go wrong in this way. */
    Set<Operation.Kind> kinds() {
        return kinds;
    }

    /** Whether it is put into the disk as a fault; the others are done by who watches the calls. */
    boolean isInjected() {
        return this != WRITE_BACK_FAILS && this != DISK_IS_FULL;
    }

    /** What is put into the disk. */
    Fault fault(CallMatch calls) {
        throw new IllegalStateException("done by who watches the calls: " + this + " " + calls);
    }

    /** Whether the store may take the disk for full. */
    boolean isFull() {
        return this == ENOSPC || this == ENOSPC_HALF_DONE || this == DISK_IS_FULL;
    }

    /** Whether what happens then can be told: what only the page cache holds of a process before may vanish unseen with its pages. */
    boolean canFollow(Start start) {
        return this != EIO_PAGES_DROPPED || start.isAllDurable();
    }

    /** Whether it can strike such a call in this scope: some last by what they are, some calls concern the whole store. */
    boolean canBe(Scope scope, Operation.Kind kind) {
        if (this == DISK_IS_FULL) {
            return scope == Scope.FROM_THEN_ON;
        }
        if (this == WRITE_BACK_FAILS) {
            return scope == Scope.ONCE;
        }
        return scope != Scope.IN_ONE_PARTITION || !OF_THE_STORE.contains(kind);
    }
}
