package dev.tidemark.stress;

import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.Appended;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.engine.Engine;
import dev.tidemark.wal.io.Environment;
import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The process that is killed: opens a store, appends from several threads, and reports on its output what it is about to append
 * and what was acknowledged. Each report is in the pipe, and so safe from the kill, before the thread goes on.
 *
 * <p>Arguments: directory, seed, round, and how it goes: {@link #AT_ANY_TIME}, {@link #CONTENDS} or a {@link LastOperation}.
 */
final class KillChild {
    static final int PARTITIONS = 12;
    static final int THREADS = 4;

    /** It works until it is killed. */
    static final String AT_ANY_TIME = "any-time";
    /** It tries to open the store until whoever has it is gone. */
    static final String CONTENDS = "contends";

    /** The store is open. */
    static final byte READY = 'R';
    /** An append is about to be submitted: its id. */
    static final byte SUBMITS = 'S';
    /** An append was acknowledged: its id, its offset, the durability reached. */
    static final byte ACKNOWLEDGED = 'A';
    /** The store is in use by another process, and it will try again. */
    static final byte LOCKED = 'L';
    /** It has come to its last operation, and waits to be killed. */
    static final byte AT_THE_END = 'E';
    /** Something is wrong: a text. */
    static final byte WRONG = 'W';

    private static final int MOST_UNANSWERED = 16;

    private final DataOutputStream report =
            new DataOutputStream(new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), 1 << 12));
    private final long seed;
    private final int round;
    /** Set before the threads that append are started. */
    private @Nullable DeadlyDisk deadly;

    private KillChild(long seed, int round) {
        this.seed = seed;
        this.round = round;
    }

    static WalConfig config(Path directory) {
        return WalConfig.builder(directory)
                .segmentBytes(96 << 10)
                .reserveBytes(64 << 10)
                .build();
    }

    static PartitionId partition(int number) {
        return new PartitionId("orders", number);
    }

    static LocalPartition partition(Wal wal, int number) {
        return wal.partition(partition(number));
    }

    /** Runs until it is killed. */
    public static void main(String[] arguments) {
        KillChild child = new KillChild(Long.parseLong(arguments[1]), Integer.parseInt(arguments[2]));
        try {
            child.work(config(Path.of(arguments[0])), arguments[3]);
        } catch (RuntimeException | IOException e) {
            child.wrong(e);
        }
    }

    private void work(WalConfig config, String how) throws IOException {
        boolean isAnyTime = how.equals(AT_ANY_TIME) || how.equals(CONTENDS);
        DeadlyDisk disk = isAnyTime ? null : deadlyDisk(how);
        Environment real = Environment.real();
        Engine engine = open(config, disk == null ? real : real.withDisk(disk), how.equals(CONTENDS));
        LocalPartition[] partitions = new LocalPartition[PARTITIONS];
        for (int i = 0; i < PARTITIONS; i++) {
            partitions[i] = engine.partition(partition(i));
        }
        deadly = disk;
        tell(READY);
        for (int thread = 0; thread < THREADS; thread++) {
            int number = thread;
            new Thread(() -> appendForEver(partitions, number), "kill-child-" + thread).start();
        }
    }

    private DeadlyDisk deadlyDisk(String how) {
        return new DeadlyDisk(Environment.real().disk(), LastOperation.parse(how), () -> {
            try {
                tell(AT_THE_END);
            } catch (IOException e) {
                wrong(e);
            }
        });
    }

    private Engine open(WalConfig config, Environment environment, boolean contends) throws IOException {
        boolean isToldLocked = false;
        while (true) {
            try {
                return Engine.open(config, environment);
            } catch (WalException e) {
                if (!contends || e.code() != ErrorCode.STORE_LOCKED) {
                    throw e;
                }
                if (!isToldLocked) {
                    isToldLocked = true;
                    tell(LOCKED);
                }
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(2));
            }
        }
    }

    private void appendForEver(LocalPartition[] partitions, int thread) {
        Semaphore unanswered = new Semaphore(MOST_UNANSWERED);
        try {
            for (int number = 0; ; number++) {
                KillPayload payload = new KillPayload(seed, KillPayload.id(round, thread, number));
                LocalPartition partition = partitions[payload.partition(PARTITIONS)];
                tell(SUBMITS, payload.id());
                append(partition, payload, unanswered);
            }
        } catch (RuntimeException | IOException | InterruptedException e) {
            wrong(e);
        }
    }

    private void append(LocalPartition partition, KillPayload payload, Semaphore unanswered)
            throws IOException, InterruptedException {
        switch (payload.call()) {
            case WAITS -> acknowledged(payload, partition.append(payload.request()), payload.durability());
            case FUTURE -> {
                unanswered.acquire();
                tellLater(partition.appendAsync(payload.request()), payload, payload.durability(), unanswered);
            }
            case STAGES -> {
                unanswered.acquire(2);
                Appended appended = partition.enqueue(payload.request());
                tellLater(appended.written(), payload, Durability.WRITTEN, unanswered);
                tellLater(appended.durable(), payload, Durability.SYNCED, unanswered);
            }
        }
    }

    private void tellLater(CompletionStage<Long> stage, KillPayload payload, Durability reached, Semaphore unanswered) {
        var unused = stage.whenComplete((offset, failure) -> {
            try {
                if (failure != null) {
                    wrong(failure);
                }
                acknowledged(payload, offset, reached);
            } catch (IOException e) {
                wrong(e);
            } finally {
                unanswered.release();
            }
        });
    }

    private void acknowledged(KillPayload payload, long offset, Durability reached) throws IOException {
        synchronized (report) {
            report.writeByte(ACKNOWLEDGED);
            report.writeLong(payload.id());
            report.writeLong(offset);
            report.writeByte(reached.ordinal());
            report.flush();
        }
        // From now on a kill can show a loss.
        DeadlyDisk disk = deadly;
        if (disk != null) {
            disk.serves();
        }
    }

    private void tell(byte what, long id) throws IOException {
        synchronized (report) {
            report.writeByte(what);
            report.writeLong(id);
            report.flush();
        }
    }

    private void tell(byte what) throws IOException {
        synchronized (report) {
            report.writeByte(what);
            report.flush();
        }
    }

    /** Tells what is wrong, and ends: the parent is to see it, not to wait for it. */
    private void wrong(Throwable failure) {
        synchronized (report) {
            try {
                report.writeByte(WRONG);
                report.writeUTF(String.valueOf(failure));
                report.flush();
            } catch (IOException e) {
                failure.addSuppressed(e);
            }
        }
        failure.printStackTrace();
        Runtime.getRuntime().halt(3);
    }
}
