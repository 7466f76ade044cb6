package dev.tidemark.crashtest;

import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.DataOutputStream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.lang.reflect.InvocationTargetException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * The process in which the log runs. It is told what to do by lines on its standard input, and reports on its standard output; what the log
 * prints goes to standard error.
 *
 * <p>Arguments: the adapter's class, and the seed of all payloads.
 *
 * <p><b>Threads.</b> One listens to the parent, and ends the process when the parent is gone: nobody would kill it any more. Those that append
 * report under one monitor; each report has left the process before its thread goes on, so a kill cannot take it back.
 */
final class ChildMain {
    private static final int PARENT_GONE = 4;
    private static final int REPORT_FAILED = 5;
    private static final int MAX_RECORD_BYTES = 64 << 10;

    private final DataOutputStream report;
    private final LogAdapter adapter;
    private final long seed;

    private ChildMain(DataOutputStream report, LogAdapter adapter, long seed) {
        this.report = report;
        this.adapter = adapter;
        this.seed = seed;
    }

    /** Runs until it is killed, or its parent has gone. */
    public static void main(String[] arguments) throws InterruptedException {
        LinkedBlockingQueue<String> commands = new LinkedBlockingQueue<>();
        Thread parent = new Thread(() -> listen(commands), "crash-test-parent");
        parent.setDaemon(true);
        parent.start();
        DataOutputStream report =
                new DataOutputStream(new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), 64 << 10));
        System.setOut(System.err);
        System.setIn(InputStream.nullInputStream());
        Optional<LogAdapter> adapter = Optional.empty();
        try {
            adapter = Optional.of(load(arguments[0]));
            tell(
                    report,
                    Message.of(
                            Message.Kind.HELLO, AdapterTraits.of(adapter.get()).toText()));
        } catch (ReflectiveOperationException | RuntimeException | LinkageError e) {
            Throwable cause = e instanceof InvocationTargetException && e.getCause() != null ? e.getCause() : e;
            tell(report, Message.of(Message.Kind.UNKNOWN_ADAPTER, String.valueOf(cause)));
        }
        if (adapter.isPresent()) {
            ChildMain child = new ChildMain(report, adapter.get(), Long.parseLong(arguments[1]));
            while (true) {
                child.run(List.of(commands.take().split("\t", -1)));
            }
        }
    }

    private static void listen(LinkedBlockingQueue<String> commands) {
        try (BufferedReader in = new BufferedReader(
                new InputStreamReader(new FileInputStream(FileDescriptor.in), StandardCharsets.UTF_8))) {
            String line = in.readLine();
            while (line != null) {
                commands.add(line);
                line = in.readLine();
            }
        } catch (IOException e) {
            System.err.println("the parent cannot be heard any more: " + e);
        }
        Runtime.getRuntime().halt(PARENT_GONE);
    }

    private static LogAdapter load(String name) throws ReflectiveOperationException {
        Object made = Class.forName(name).getConstructor().newInstance();
        if (made instanceof LogAdapter adapter) {
            return adapter;
        }
        throw new ClassCastException(name + " does not implement " + LogAdapter.class.getName());
    }

    private void run(List<String> command) {
        try {
            switch (command.get(0)) {
                case "append" -> append(Path.of(command.get(1)), Integer.parseInt(command.get(2)));
                case "fill" ->
                    fill(Path.of(command.get(1)), Integer.parseInt(command.get(2)), Integer.parseInt(command.get(3)));
                case "work" ->
                    work(Path.of(command.get(1)), Integer.parseInt(command.get(2)), Integer.parseInt(command.get(3)));
                case "read" -> read(Path.of(command.get(1)));
                case "power" -> simulation().powerLoss(Long.parseLong(command.get(1)));
                case "faults" -> simulation().faults(Long.parseLong(command.get(1)));
                default -> throw new IllegalArgumentException("unknown command: " + command);
            }
        } catch (Throwable e) {
            // Whatever it is, the log said it, and the parent judges what that means.
            e.printStackTrace();
            tell(Message.of(Message.Kind.FAILED, String.valueOf(e)));
        }
    }

    private Simulation simulation() {
        if (adapter instanceof DiskLogAdapter onDisk) {
            return new Simulation(onDisk, seed, this::tell);
        }
        throw new IllegalStateException("not a log that writes to a disk of ours: " + adapter.getClass());
    }

    /** Opens, reads, and appends until the process is killed. */
    private void append(Path directory, int round) throws Exception {
        tell(Message.of(Message.Kind.OPENING));
        TestedLog log = adapter.open(directory);
        log.read(this::tellRecord);
        tell(Message.of(Message.Kind.READY));
        for (int thread = 0; thread < adapter.threads(); thread++) {
            int number = thread;
            new Thread(() -> appendForEver(log, round, number), "crash-test-" + thread).start();
        }
    }

    private void appendForEver(TestedLog log, int round, int thread) {
        try {
            for (int number = 0; ; number++) {
                appendOne(log, Payload.id(round, thread, number));
            }
        } catch (Throwable e) {
            e.printStackTrace();
            tell(Message.of(Message.Kind.FAILED, "an append failed: " + e));
        }
    }

    private void appendOne(TestedLog log, long id) throws Exception {
        byte[] record = Payload.of(seed, id);
        tell(Message.Kind.SUBMITS, id);
        log.append(record);
        tell(Message.Kind.ACKNOWLEDGED, id);
    }

    /** Opens, appends so many, and closes in order. */
    private void fill(Path directory, int round, int count) throws Exception {
        try (TestedLog log = adapter.open(directory)) {
            appendSome(log, round, 0, count);
        }
        tell(Message.of(Message.Kind.DONE));
    }

    private boolean appendSome(TestedLog log, int round, int thread, int count) throws Exception {
        for (int number = 0; number < count; number++) {
            appendOne(log, Payload.id(round, thread, number));
        }
        return true;
    }

    /** The same with all its threads; each appends so many. */
    private void work(Path directory, int round, int count) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(adapter.threads());
        try (TestedLog log = adapter.open(directory)) {
            List<Callable<Boolean>> appending = new ArrayList<>();
            for (int thread = 0; thread < adapter.threads(); thread++) {
                int number = thread;
                appending.add(() -> appendSome(log, round, number, count));
            }
            for (Future<Boolean> appended : pool.invokeAll(appending)) {
                appended.get();
            }
        } finally {
            pool.shutdownNow();
        }
        tell(Message.of(Message.Kind.DONE));
    }

    /** Opens, reads, and closes. */
    private void read(Path directory) throws Exception {
        try (TestedLog log = adapter.open(directory)) {
            log.read(this::tellRecord);
        }
        tell(Message.of(Message.Kind.DONE));
    }

    private void tellRecord(byte[] record) {
        synchronized (report) {
            // A longer one is none of ours, and stays so when it is cut.
            byte[] told = record.length > MAX_RECORD_BYTES ? Arrays.copyOf(record, MAX_RECORD_BYTES) : record;
            write(report, new Message(Message.Kind.RECORD, told), false);
        }
    }

    private void tell(Message.Kind kind, long id) {
        tell(new Message(kind, ByteBuffer.allocate(Long.BYTES).putLong(id).array()));
    }

    private void tell(Message message) {
        tell(report, message);
    }

    private static void tell(DataOutputStream report, Message message) {
        synchronized (report) {
            write(report, message, true);
        }
    }

    private static void write(DataOutputStream report, Message message, boolean isUrgent) {
        try {
            message.writeTo(report);
            if (isUrgent) {
                report.flush();
            }
        } catch (IOException e) {
            // Nobody listens: what happens from here on would not be judged.
            e.printStackTrace();
            Runtime.getRuntime().halt(REPORT_FAILED);
        }
    }
}
