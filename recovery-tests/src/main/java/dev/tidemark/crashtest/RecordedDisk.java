package dev.tidemark.crashtest;

import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskEntry;
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.io.SimulatedDisk;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Does on a simulated disk what a process was seen to do in one directory, and notes what it reported meanwhile. What cannot be followed is told, and at the end
 * {@link #requireSame} compares the outcome with what is really there, so that a call that nobody thought of does not go unnoticed.
 *
 * <p>Times are numbers of operations on the simulated disk. A call takes effect when it has returned; a force covers what had returned when it began. A report
 * counts from the moment when it began to leave the process: the log had acknowledged by then.
 *
 * <p><b>Threads.</b> One.
 */
final class RecordedDisk implements Trace.Listener {
    /** The log's directory, on the simulated disk. */
    static final Path ROOT = Path.of("/log");

    private static final int STANDARD_OUTPUT = 1;
    private static final long CURRENT = -1;

    private final Path directory;
    private final SimulatedDisk disk = new SimulatedDisk().withDirectories(ROOT);
    private final Map<Integer, Description> descriptors = new HashMap<>();
    private final Ledger ledger;
    private final ByteArrayOutputStream reported = new ByteArrayOutputStream();
    private int acknowledged;
    private int calls;

    /** What descriptors stand for; several may share one, and its position. */
    private static final class Description {
        private Path path;
        private final Optional<DiskFile> file;
        private final boolean isAppending;
        private final boolean isForced;
        private long position;

        Description(Path path, Optional<DiskFile> file, boolean isAppending, boolean isForced) {
            this.path = path;
            this.file = file;
            this.isAppending = isAppending;
            this.isForced = isForced;
        }
    }

    /**
     * Nothing is there yet.
     *
     * @param directory the real path of the log's directory, which was empty and durable
     * @param ledger where it is noted what was submitted and acknowledged
     */
    RecordedDisk(Path directory, Ledger ledger) {
        this.directory = directory;
        this.ledger = ledger;
    }

    SimulatedDisk disk() {
        return disk;
    }

    /** How many calls changed something in the directory, or forced it. */
    int calls() {
        return calls;
    }

    /** How many appends were acknowledged. */
    int acknowledged() {
        return acknowledged;
    }

    // ---- what was seen

    @Override
    public long began(SystemCall call) throws NotRecordableException {
        if (call.name().equals("write") && call.descriptor(0) == STANDARD_OUTPUT) {
            report(call.data(1));
        }
        return disk.operationCount();
    }

    @Override
    public void failed(SystemCall call) throws NotRecordableException {
        boolean isForce = call.name().equals("fsync") || call.name().equals("fdatasync");
        if (isForce && descriptors.containsKey(call.descriptor(0))) {
            throw new NotRecordableException("a force failed while it was recorded");
        }
    }

    @Override
    public void returned(SystemCall call, long result, long begun) throws NotRecordableException, IOException {
        try {
            apply(call, result, begun);
        } catch (IOException e) {
            throw new NotRecordableException(
                    "what was seen cannot be done on a simulated disk: " + call.name() + " (" + e + ')');
        }
    }

    private void apply(SystemCall call, long result, long begun) throws NotRecordableException, IOException {
        switch (call.name()) {
            case "open" -> opened(call, 0, inDirectory(call, -1, 0), result);
            case "creat" -> throw notSeen("creat");
            case "openat" -> opened(call, 1, inDirectory(call, 0, 1), result);
            case "openat2" -> requireElsewhere(inDirectory(call, 0, 1), "openat2");
            case "close" -> descriptors.remove(call.descriptor(0));
            case "dup", "dup2", "dup3" -> duplicated(call.descriptor(0), result);
            case "fcntl" -> {
                if (call.argument(1).startsWith("F_DUPFD")) {
                    duplicated(call.descriptor(0), result);
                }
            }
            case "read", "readv" -> known(call).ifPresent(at -> at.position += result);
            case "lseek" -> known(call).ifPresent(at -> at.position = result);
            case "write", "writev" -> written(call, result, CURRENT);
            case "pwrite64", "pwritev" -> written(call, result, call.number(3));
            case "pwritev2", "copy_file_range", "sendfile", "splice", "syncfs" -> requireNotOurs(call);
            case "io_submit", "io_uring_setup" -> throw notSeen(call.name());
            case "sync" -> throw notSeen("sync");
            case "ftruncate" -> resized(call);
            case "truncate" -> requireElsewhere(inDirectory(call, -1, 0), "truncate");
            case "fallocate" -> allocated(call);
            case "fsync", "fdatasync" -> forced(call, begun);
            case "rename" -> renamed(inDirectory(call, -1, 0), inDirectory(call, -1, 1));
            case "renameat" -> renamed(inDirectory(call, 0, 1), inDirectory(call, 2, 3));
            case "renameat2" -> renamedWithFlags(call);
            case "unlink", "rmdir" -> deleted(inDirectory(call, -1, 0));
            case "unlinkat" -> deleted(inDirectory(call, 0, 1));
            case "link" -> linked(inDirectory(call, -1, 0), inDirectory(call, -1, 1));
            case "linkat" -> linked(inDirectory(call, 0, 1), inDirectory(call, 2, 3));
            case "symlink" -> requireElsewhere(inDirectory(call, -1, 1), "symlink");
            case "symlinkat" -> requireElsewhere(inDirectory(call, 1, 2), "symlinkat");
            case "mkdir" -> made(inDirectory(call, -1, 0));
            case "mkdirat" -> made(inDirectory(call, 0, 1));
            case "mmap" -> mapped(call);
            case "clone", "clone3", "fork", "vfork" -> requireThread(call);
            default -> throw notSeen(call.name());
        }
    }

    private static NotRecordableException notSeen(String call) {
        return new NotRecordableException("the recorder cannot follow the call " + call);
    }

    private static void requireElsewhere(Optional<Path> path, String call) throws NotRecordableException {
        if (path.isPresent()) {
            throw notSeen(call);
        }
    }

    private void requireNotOurs(SystemCall call) throws NotRecordableException {
        for (String argument : call.arguments()) {
            if (argument.matches("[0-9]{1,9}") && descriptors.containsKey(Integer.valueOf(argument))) {
                throw notSeen(call.name());
            }
        }
    }

    private static void requireThread(SystemCall call) throws NotRecordableException {
        if (call.arguments().stream().noneMatch(argument -> argument.contains("CLONE_THREAD"))) {
            throw new NotRecordableException("it starts other processes, whose calls are not told apart");
        }
    }

    private void mapped(SystemCall call) throws NotRecordableException {
        Description file = descriptors.get(call.descriptor(4));
        boolean isWritten = call.has(2, "PROT_WRITE") && call.argument(3).contains("MAP_SHARED");
        if (file != null && isWritten) {
            throw new NotRecordableException(
                    "it writes through a mapping, which no call shows: file=" + ROOT.relativize(file.path));
        }
    }

    // ---- names

    /** What a path stands for on the simulated disk, if it lies in the directory. */
    private Optional<Path> inDirectory(SystemCall call, int base, int path) throws NotRecordableException {
        Path named = Path.of(call.text(path));
        if (!named.isAbsolute() && base >= 0 && call.descriptor(base) >= 0) {
            Description above = descriptors.get(call.descriptor(base));
            return above == null
                    ? Optional.empty()
                    : Optional.of(above.path.resolve(named).normalize());
        }
        Path whole = named.toAbsolutePath().normalize();
        return whole.startsWith(directory)
                ? Optional.of(
                        ROOT.resolve(directory.relativize(whole).toString()).normalize())
                : Optional.empty();
    }

    private void opened(SystemCall call, int pathAt, Optional<Path> found, long descriptor)
            throws NotRecordableException, IOException {
        descriptors.remove((int) descriptor);
        int flags = pathAt + 1;
        if (found.isEmpty() || call.has(flags, "O_PATH")) {
            return;
        }
        if (call.has(flags, "O_TMPFILE")) {
            throw notSeen("open with O_TMPFILE");
        }
        Path path = found.get();
        if (isDirectory(path)) {
            descriptors.put((int) descriptor, new Description(path, Optional.empty(), false, false));
            return;
        }
        boolean isThere = disk.exists(path);
        DiskFile file = isThere ? disk.open(path, Disk.Access.READ_WRITE) : disk.create(path);
        calls += isThere ? 0 : 1;
        if (isThere && call.has(flags, "O_TRUNC")) {
            file.truncate(0);
            calls++;
        }
        boolean isForced = call.has(flags, "O_SYNC") || call.has(flags, "O_DSYNC");
        descriptors.put(
                (int) descriptor, new Description(path, Optional.of(file), call.has(flags, "O_APPEND"), isForced));
    }

    private boolean isDirectory(Path path) throws IOException {
        Path parent = path.getParent();
        if (path.equals(ROOT) || parent == null) {
            return true;
        }
        if (!disk.exists(path)) {
            return false;
        }
        for (DiskEntry entry : disk.list(parent)) {
            if (entry.name().equals(String.valueOf(path.getFileName()))) {
                return entry.directory();
            }
        }
        return false;
    }

    private void duplicated(int descriptor, long copy) {
        Description same = descriptors.get(descriptor);
        descriptors.remove((int) copy);
        if (same != null) {
            descriptors.put((int) copy, same);
        }
    }

    private void renamedWithFlags(SystemCall call) throws NotRecordableException, IOException {
        if (call.argument(4).contains("RENAME_EXCHANGE") || call.argument(4).contains("RENAME_WHITEOUT")) {
            throw notSeen("renameat2 with flags");
        }
        renamed(inDirectory(call, 0, 1), inDirectory(call, 2, 3));
    }

    private void renamed(Optional<Path> from, Optional<Path> to) throws NotRecordableException, IOException {
        if (from.isPresent() != to.isPresent()) {
            throw new NotRecordableException("it moves files into its directory or out of it");
        }
        if (from.isPresent() && to.isPresent()) {
            disk.rename(from.get(), to.get());
            calls++;
            for (Description open : descriptors.values()) {
                if (open.path.startsWith(from.get())) {
                    open.path =
                            to.get().resolve(from.get().relativize(open.path)).normalize();
                }
            }
        }
    }

    private void linked(Optional<Path> from, Optional<Path> to) throws NotRecordableException, IOException {
        if (from.isPresent() != to.isPresent()) {
            throw new NotRecordableException("it links files into its directory or out of it");
        }
        if (from.isPresent() && to.isPresent()) {
            disk.link(from.get(), to.get());
            calls++;
        }
    }

    private void deleted(Optional<Path> path) throws IOException {
        if (path.isPresent()) {
            disk.delete(path.get());
            calls++;
        }
    }

    private void made(Optional<Path> path) throws IOException {
        if (path.isPresent()) {
            disk.createDirectory(path.get());
            calls++;
        }
    }

    // ---- contents

    private Optional<Description> known(SystemCall call) throws NotRecordableException {
        return Optional.ofNullable(descriptors.get(call.descriptor(0)));
    }

    private static DiskFile fileOf(Description description) throws NotRecordableException {
        return description.file.orElseThrow(() -> new NotRecordableException("it writes to a directory"));
    }

    private void written(SystemCall call, long count, long at) throws NotRecordableException, IOException {
        Optional<Description> target = known(call);
        if (target.isEmpty()) {
            if (call.descriptor(0) == STANDARD_OUTPUT && count < call.data(1).length) {
                throw new NotRecordableException("a report left the process in pieces");
            }
            return;
        }
        Description to = target.get();
        DiskFile file = fileOf(to);
        byte[] data = call.name().endsWith("v") ? call.gathered(1) : call.data(1);
        long position = to.isAppending ? file.size() : at == CURRENT ? to.position : at;
        file.writeFully(ByteBuffer.wrap(data, 0, (int) count), position);
        calls++;
        if (at == CURRENT) {
            to.position = position + count;
        }
        if (to.isForced) {
            disk.replayForce(file, disk.operationCount());
        }
    }

    private void resized(SystemCall call) throws NotRecordableException, IOException {
        Optional<Description> target = known(call);
        if (target.isPresent()) {
            resize(fileOf(target.get()), call.number(1));
        }
    }

    private void resize(DiskFile file, long sizeBytes) throws IOException {
        calls++;
        file.truncate(sizeBytes);
        disk.replayGrow(file, sizeBytes);
    }

    private void allocated(SystemCall call) throws NotRecordableException, IOException {
        Optional<Description> target = known(call);
        if (target.isEmpty() || call.argument(1).equals("FALLOC_FL_KEEP_SIZE")) {
            return;
        }
        if (!call.argument(1).equals("0")) {
            throw notSeen("fallocate with " + call.argument(1));
        }
        calls++;
        disk.replayGrow(fileOf(target.get()), call.number(2) + call.number(3));
    }

    private void forced(SystemCall call, long begun) throws NotRecordableException, IOException {
        Optional<Description> target = known(call);
        if (target.isEmpty()) {
            return;
        }
        calls++;
        if (target.get().file.isPresent()) {
            disk.replayForce(target.get().file.get(), begun);
        } else {
            disk.replayForceDirectory(target.get().path, begun);
        }
    }

    // ---- reports

    private void report(byte[] bytes) throws NotRecordableException {
        long now = disk.operationCount();
        reported.writeBytes(bytes);
        ByteArrayInputStream rest = new ByteArrayInputStream(reported.toByteArray());
        DataInputStream in = new DataInputStream(rest);
        int whole = 0;
        try {
            Optional<Message> message = Message.readFrom(in);
            while (message.isPresent()) {
                whole = reported.size() - rest.available();
                note(message.get(), now);
                message = Message.readFrom(in);
            }
        } catch (IOException e) {
            throw new NotRecordableException("standard output is not ours alone: " + e.getMessage());
        }
        byte[] behind = Arrays.copyOfRange(reported.toByteArray(), whole, reported.size());
        reported.reset();
        reported.writeBytes(behind);
    }

    private void note(Message message, long now) {
        if (message.kind() == Message.Kind.SUBMITS) {
            ledger.submits(ByteBuffer.wrap(message.body()).getLong(), now);
        } else if (message.kind() == Message.Kind.ACKNOWLEDGED) {
            ledger.acknowledged(ByteBuffer.wrap(message.body()).getLong(), now);
            acknowledged++;
        }
    }

    // ---- the outcome

    /** Compares what was made of the calls with what the process has really left. */
    void requireSame() throws IOException, NotRecordableException {
        Map<String, byte[]> really = new TreeMap<>();
        List<Path> all;
        try (Stream<Path> found = Files.walk(directory)) {
            all = found.toList();
        }
        for (Path path : all) {
            if (Files.isRegularFile(path)) {
                really.put(directory.relativize(path).toString(), Files.readAllBytes(path));
            } else if (!Files.isDirectory(path)) {
                throw new NotRecordableException("there is what is neither a file nor a directory: " + path);
            }
        }
        List<String> recorded = new ArrayList<>();
        for (Path path : disk.files()) {
            recorded.add(ROOT.relativize(path).toString());
        }
        recorded.sort(null);
        if (!recorded.equals(List.copyOf(really.keySet()))) {
            throw new NotRecordableException(
                    "its calls do not add up to the files that are there: " + recorded + " and not " + really.keySet());
        }
        for (Map.Entry<String, byte[]> file : really.entrySet()) {
            if (!Arrays.equals(disk.contents(ROOT.resolve(file.getKey())), file.getValue())) {
                throw new NotRecordableException(
                        "its calls do not add up to what is in its files: file=" + file.getKey());
            }
        }
    }
}
