package dev.tidemark.wal.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * A disk in memory that keeps apart what processes see and what would survive a loss of power, records every operation, and
 * fails where a test wants it to.
 *
 * <p>One object is the disk as <em>one process</em> uses it. A crash makes a new object, for the next process: {@link
 * #powerLoss} and {@link #killProcess} end this process, so its calls fail from then on; {@link #crashStates} leaves it
 * alone and walks over the recorded operations, giving any state a crash at any boundary could have left behind. What is
 * possible is described at {@link NameRule} and in the package's description.
 *
 * <p>Paths are taken from the root, which exists; so does what {@link #withDirectories} made.
 *
 * <p><b>Threads.</b> Any. Operations take effect one after another, under the monitor of this object; gates hold a call, and
 * listeners are called, outside of it.
 */
public final class SimulatedDisk implements Disk {

    /** What kind of disk it is. */
    record Settings(long capacityBytes, int maxOpenFiles, String volumeType) {
        static final Settings USUAL = new Settings(Long.MAX_VALUE, Integer.MAX_VALUE, "simulated");
    }

    private static final Path ROOT = Path.of("/");
    private static final long MAX_FILE_BYTES = Integer.MAX_VALUE;

    private final DiskState state;
    private Settings settings;
    private boolean isRunning = true;
    private final Set<Path> locked = new HashSet<>();
    private final Set<Path> lockedElsewhere = new HashSet<>();
    private final Set<SimulatedFile> openFiles = new HashSet<>();

    private boolean isRecording = true;
    private @Nullable DiskState recordedFrom;
    private long recordedSince;
    private final List<Operation> recorded = new ArrayList<>();
    private long operationCount;

    private final List<InjectedFault> faults = new ArrayList<>();
    private final List<Gate> gates = new ArrayList<>();
    private final List<Consumer<Operation>> listeners = new CopyOnWriteArrayList<>();

    public SimulatedDisk() {
        this(Settings.USUAL, new DiskState());
    }

    SimulatedDisk(Settings settings, DiskState state) {
        this(settings, state, 0);
    }

    /**
     * With a state in which not everything is durable. Operations are counted on from those that made it: started again at
     * zero, a force would take what was written before it for later, and cover none of it.
     */
    SimulatedDisk(Settings settings, DiskState state, long operationCount) {
        this.settings = settings;
        this.state = state;
        this.operationCount = operationCount;
        this.recordedSince = operationCount;
    }

    // ---- the kind of disk

    /** Makes directories that have always been there. Only on a disk that has not been used. */
    public synchronized SimulatedDisk withDirectories(Path path) {
        if (operationCount > 0) {
            throw new IllegalStateException("the disk is in use");
        }
        Path directory = ROOT;
        for (Path name : absolute(path)) {
            directory = directory.resolve(name);
            state.addDirectory(directory);
        }
        return this;
    }

    /** Limits the room: blocks beyond it cannot be allocated, blocks that are can be written over. */
    public synchronized SimulatedDisk withCapacity(long bytes) {
        settings = new Settings(bytes, settings.maxOpenFiles(), settings.volumeType());
        return this;
    }

    /** Limits the number of files that are open at a time. */
    public synchronized SimulatedDisk withMaxOpenFiles(int count) {
        settings = new Settings(settings.capacityBytes(), count, settings.volumeType());
        return this;
    }

    /** Makes it another file system by name. */
    public synchronized SimulatedDisk withVolumeType(String type) {
        settings = new Settings(settings.capacityBytes(), settings.maxOpenFiles(), type);
        return this;
    }

    // ---- the disk

    @Override
    public DiskFile create(Path file) throws IOException {
        Operation.Call call = call(Operation.Kind.CREATE, file);
        return perform(
                call,
                fault -> {
                    requireFree(call.path);
                    requireHandle(call.path);
                    call.fileId = state.nextId();
                },
                () -> newHandle(call.path, state.file(call.fileId), true));
    }

    @Override
    public DiskFile open(Path file, Access access) throws IOException {
        Operation.Call call = call(Operation.Kind.OPEN, file);
        return perform(
                call,
                fault -> {
                    Node node = require(call.path);
                    if (!(node instanceof FileNode)) {
                        throw Fault.error(call.path, "Is a directory");
                    }
                    requireHandle(call.path);
                    call.fileId = node.id;
                },
                () -> newHandle(call.path, state.file(call.fileId), access == Access.READ_WRITE));
    }

    private SimulatedFile newHandle(Path path, FileNode node, boolean mayWrite) {
        SimulatedFile file = new SimulatedFile(this, path, node, mayWrite);
        openFiles.add(file);
        state.opened(node);
        return file;
    }

    @Override
    public void createDirectory(Path directory) throws IOException {
        Operation.Call call = call(Operation.Kind.CREATE_DIRECTORY, directory);
        perform(call, fault -> requireFree(call.path), () -> true);
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        Operation.Call call = call(Operation.Kind.RENAME, from);
        Path target = absolute(to);
        call.target = target;
        perform(
                call,
                fault -> {
                    Node node = require(call.path);
                    requireDirectory(target.getParent());
                    requireReplaceable(node, target);
                    if (target.startsWith(call.path) && !target.equals(call.path)) {
                        throw Fault.error(call.path, "Invalid argument");
                    }
                },
                () -> true);
    }

    private void requireReplaceable(Node node, Path target) throws IOException {
        Node old = state.find(target);
        if (old == null || old == node) {
            return;
        }
        if (old instanceof DirectoryNode) {
            if (node instanceof FileNode) {
                throw Fault.error(target, "Is a directory");
            }
            if (!((DirectoryNode) old).entries.isEmpty()) {
                throw new DirectoryNotEmptyException(target.toString());
            }
        } else if (node instanceof DirectoryNode) {
            throw Fault.error(target, "Not a directory");
        }
    }

    @Override
    public void link(Path existing, Path link) throws IOException {
        Operation.Call call = call(Operation.Kind.LINK, existing);
        Path target = absolute(link);
        call.target = target;
        perform(
                call,
                fault -> {
                    if (require(call.path) instanceof DirectoryNode) {
                        throw Fault.error(call.path, "Operation not permitted");
                    }
                    requireFree(target);
                },
                () -> true);
    }

    @Override
    public void delete(Path path) throws IOException {
        Operation.Call call = call(Operation.Kind.DELETE, path);
        perform(
                call,
                fault -> {
                    Node node = require(call.path);
                    if (node instanceof DirectoryNode && !((DirectoryNode) node).entries.isEmpty()) {
                        throw new DirectoryNotEmptyException(call.path.toString());
                    }
                },
                () -> true);
    }

    @Override
    public List<DiskEntry> list(Path directory) throws IOException {
        Operation.Call call = call(Operation.Kind.LIST, directory);
        return perform(call, fault -> requireDirectory(call.path), () -> {
            List<DiskEntry> entries = new ArrayList<>();
            requireFound(call.path).entries.forEach((name, node) -> {
                boolean isDirectory = node instanceof DirectoryNode;
                entries.add(new DiskEntry(name, isDirectory, isDirectory ? 0 : ((FileNode) node).sizeBytes));
            });
            return entries;
        });
    }

    private DirectoryNode requireFound(Path path) {
        Node node = state.find(path);
        if (node instanceof DirectoryNode) {
            return (DirectoryNode) node;
        }
        throw new IllegalStateException("vanished under the monitor: " + path);
    }

    @Override
    public boolean exists(Path path) throws IOException {
        Operation.Call call = call(Operation.Kind.EXISTS, path);
        return perform(call, fault -> requireNoFileAbove(call.path), () -> state.find(call.path) != null);
    }

    private void requireNoFileAbove(Path path) throws IOException {
        for (Path above = path.getParent(); above != null; above = above.getParent()) {
            if (state.find(above) instanceof FileNode) {
                throw new NotDirectoryException(above.toString());
            }
        }
    }

    @Override
    public void forceDirectory(Path directory) throws IOException {
        Operation.Call call = call(Operation.Kind.FORCE_DIRECTORY, directory);
        perform(call, fault -> requireDirectory(call.path), () -> true);
    }

    @Override
    public DiskLock lock(Path file) throws IOException {
        Operation.Call call = call(Operation.Kind.LOCK, file);
        requireUnlocked(call.path);
        createIfAbsent(call.path);
        return perform(
                call,
                fault -> {
                    requireUnlocked(call.path);
                    require(call.path);
                },
                () -> {
                    locked.add(call.path);
                    return new SimulatedLock(call.path);
                });
    }

    private synchronized void requireUnlocked(Path path) throws LockHeldException {
        if (locked.contains(path) || lockedElsewhere.contains(path)) {
            throw new LockHeldException(path, locked.contains(path));
        }
    }

    private void createIfAbsent(Path path) throws IOException {
        boolean isAbsent;
        synchronized (this) {
            isAbsent = state.find(path) == null;
        }
        if (isAbsent) {
            try {
                create(path).close();
            } catch (FileAlreadyExistsException e) {
                // Another thread wants the same lock and was quicker; only one of us will get it.
                return;
            }
        }
    }

    /** Lets another process hold the lock of a file until the returned runnable is run. */
    public synchronized Runnable lockFromAnotherProcess(Path file) {
        Path path = absolute(file);
        lockedElsewhere.add(path);
        return () -> {
            synchronized (SimulatedDisk.this) {
                lockedElsewhere.remove(path);
            }
        };
    }

    @Override
    public Volume volume(Path path) throws IOException {
        Operation.Call call = call(Operation.Kind.VOLUME, path);
        return perform(call, fault -> require(call.path), () -> {
            long used = state.allocatedPages * Pages.PAGE_BYTES;
            long total = settings.capacityBytes();
            return new Volume(settings.volumeType(), total, Math.max(0, total - used), Pages.PAGE_BYTES);
        });
    }

    @Override
    public Path realPath(Path path) throws IOException {
        Operation.Call call = call(Operation.Kind.REAL_PATH, path);
        return perform(call, fault -> require(call.path), () -> call.path);
    }

    // ---- open files

    int write(SimulatedFile file, ByteBuffer source, long at) throws IOException {
        requirePosition(at);
        byte[] data = new byte[source.remaining()];
        source.duplicate().get(data);
        Operation.Call call = call(Operation.Kind.WRITE, file);
        call.at = at;
        call.data = data;
        int written = perform(
                call,
                fault -> {
                    requireWritable(file);
                    int wanted = fault == null ? data.length : Math.min(data.length, fault.effectBytes());
                    call.bytes = wanted == 0 ? 0 : roomFor(file, at, wanted);
                },
                () -> call.bytes);
        source.position(source.position() + written);
        return written;
    }

    /** How many bytes of a write find room; the file system writes what it can before it says that it is full. */
    private int roomFor(SimulatedFile file, long at, int wanted) throws IOException {
        if (at + wanted > MAX_FILE_BYTES) {
            throw Fault.error(file.path(), "File too large");
        }
        long freePages = settings.capacityBytes() / Pages.PAGE_BYTES - state.allocatedPages;
        FileNode node = file.node();
        if (node.newPagesFor(at, wanted) <= freePages) {
            return wanted;
        }
        int fits = 0;
        while (fits < wanted) {
            int next = Math.min(wanted, fits + Pages.PAGE_BYTES - (int) ((at + fits) % Pages.PAGE_BYTES));
            if (node.newPagesFor(at, next) > freePages) {
                break;
            }
            fits = next;
        }
        if (fits == 0) {
            throw new DiskFault(Fault.error(file.path(), "No space left on device"));
        }
        return fits;
    }

    int read(SimulatedFile file, ByteBuffer target, long at) throws IOException {
        requirePosition(at);
        Operation.Call call = call(Operation.Kind.READ, file);
        call.at = at;
        byte[] bytes = perform(
                call,
                fault -> {
                    int most = fault == null ? target.remaining() : Math.min(target.remaining(), fault.effectBytes());
                    call.bytes = (int) Math.max(0, Math.min(most, file.node().sizeBytes - at));
                },
                () -> {
                    byte[] read = new byte[call.bytes];
                    file.node().cached.read(at, read, 0, read.length);
                    return read;
                });
        boolean isBehindEnd = bytes.length == 0 && target.hasRemaining();
        target.put(bytes);
        return isBehindEnd ? -1 : bytes.length;
    }

    void force(SimulatedFile file) throws IOException {
        Operation.Call call = call(Operation.Kind.FORCE, file);
        perform(
                call,
                fault -> {
                    if (file.reportedErrors < file.node().writeBackErrors) {
                        throw Fault.error(file.path(), "Input/output error");
                    }
                },
                () -> true);
    }

    void truncate(SimulatedFile file, long sizeBytes) throws IOException {
        requirePosition(sizeBytes);
        Operation.Call call = call(Operation.Kind.TRUNCATE, file);
        call.at = sizeBytes;
        perform(call, fault -> requireWritable(file), () -> true);
    }

    long size(SimulatedFile file) throws IOException {
        Operation.Call call = call(Operation.Kind.SIZE, file);
        return perform(call, fault -> {}, () -> file.node().sizeBytes);
    }

    void close(SimulatedFile file) throws IOException {
        synchronized (this) {
            if (!isRunning || !file.isMarkedOpen()) {
                return;
            }
        }
        Operation.Call call = call(Operation.Kind.CLOSE, file.path());
        call.fileId = file.node().id;
        try {
            perform(call, fault -> {}, () -> true);
        } finally {
            synchronized (this) {
                // An error from close leaves the handle closed all the same.
                if (openFiles.remove(file)) {
                    file.markClosed();
                    state.closed(file.node());
                }
            }
        }
    }

    // ---- how every operation runs

    private interface Preparation {
        /** Checks that the call can be done and fills in what is not known yet; throws if it is refused. */
        void prepare(@Nullable Fault fault) throws IOException;
    }

    /** A failure of the disk itself, and not of the call. */
    private static final class DiskFault extends IOException {
        private static final long serialVersionUID = 1L;
        private final IOException reason;

        DiskFault(IOException reason) {
            super(reason);
            this.reason = reason;
        }
    }

    private Operation.Call call(Operation.Kind kind, Path path) {
        ThreadRules.assertMayBlock();
        return new Operation.Call(kind, absolute(path));
    }

    private Operation.Call call(Operation.Kind kind, SimulatedFile file) {
        Operation.Call call = call(kind, file.path());
        call.fileId = file.node().id;
        call.handle = file;
        return call;
    }

    private <T> T perform(Operation.Call call, Preparation preparation, Supplier<T> result) throws IOException {
        Fault fault;
        long began;
        Gate before;
        Gate after;
        synchronized (this) {
            requireRunning();
            began = call.began == Operation.Call.NOW ? operationCount : call.began;
            fault = faultFor(call);
            before = gateFor(call, Gate.Position.BEFORE_EFFECT);
            after = gateFor(call, Gate.Position.AFTER_EFFECT);
        }
        if (before != null) {
            before.hold();
        }
        T value = null;
        Throwable error = null;
        Operation operation;
        synchronized (this) {
            requireRunning();
            Operation.Outcome outcome;
            Throwable injected = fault == null ? null : fault.errorFor(call.path);
            try {
                if (call.handle != null) {
                    requireOpen(call.handle);
                }
                if (injected != null && fault != null && fault.effectBytes() == 0) {
                    outcome = fault.isTried() ? Operation.Outcome.FAILED : Operation.Outcome.REFUSED;
                    error = injected;
                } else {
                    preparation.prepare(fault);
                    outcome = injected == null ? Operation.Outcome.DONE : Operation.Outcome.DONE_BUT_FAILED;
                    error = injected;
                }
            } catch (DiskFault e) {
                outcome = Operation.Outcome.FAILED;
                error = e.reason;
            } catch (IOException | RuntimeException e) {
                outcome = Operation.Outcome.REFUSED;
                error = e;
            }
            // A boundary lies where an operation returns, so one that was held back is logged behind those it let pass.
            operation = new Operation(operationCount, call, began, outcome);
            record(operation);
            state.apply(operation);
            if (call.handle != null && call.kind == Operation.Kind.FORCE && outcome != Operation.Outcome.DONE) {
                // The caller learns of everything that has failed so far; the other handles still have it before them.
                call.handle.reportedErrors = call.handle.node().writeBackErrors;
                call.handle.node().writeBackErrorSeen = true;
            }
            if (error == null) {
                value = result.get();
            }
        }
        listeners.forEach(listener -> listener.accept(operation));
        if (after != null) {
            after.hold();
        }
        if (error != null || value == null) {
            throw rethrow(error);
        }
        return value;
    }

    private void record(Operation operation) {
        operationCount++;
        if (!isRecording) {
            return;
        }
        if (recordedFrom == null && operation.changedTheDisk()) {
            recordedFrom = state.copy();
        }
        recorded.add(operation);
    }

    private static IOException rethrow(@Nullable Throwable error) {
        if (error instanceof IOException) {
            return (IOException) error;
        }
        if (error instanceof RuntimeException) {
            throw (RuntimeException) error;
        }
        if (error instanceof Error) {
            throw (Error) error;
        }
        throw new IllegalStateException("neither a result nor an error", error);
    }

    private @Nullable Fault faultFor(Operation.Call call) {
        Fault hit = null;
        for (InjectedFault fault : faults) {
            // All of them count the call, also when an earlier one is hit.
            if (fault.hits(call) && hit == null) {
                hit = fault.fault();
            }
        }
        return hit;
    }

    private @Nullable Gate gateFor(Operation.Call call, Gate.Position position) {
        Gate stop = null;
        for (Gate gate : gates) {
            if (gate.isAt(position) && gate.stops(call) && stop == null) {
                stop = gate;
            }
        }
        return stop;
    }

    private void requireRunning() throws IOException {
        if (!isRunning) {
            throw new IOException("the process that used this disk has ended");
        }
    }

    private Node require(Path path) throws IOException {
        Node node = state.find(path);
        if (node == null) {
            throw new NoSuchFileException(path.toString());
        }
        return node;
    }

    private void requireDirectory(@Nullable Path path) throws IOException {
        if (path != null && !(require(path) instanceof DirectoryNode)) {
            throw new NotDirectoryException(path.toString());
        }
    }

    private void requireFree(Path path) throws IOException {
        requireDirectory(path.getParent());
        if (state.find(path) != null) {
            throw new FileAlreadyExistsException(path.toString());
        }
    }

    private void requireHandle(Path path) throws IOException {
        if (openFiles.size() >= settings.maxOpenFiles()) {
            throw new DiskFault(Fault.error(path, "Too many open files"));
        }
    }

    private static void requireOpen(SimulatedFile file) throws IOException {
        if (!file.isMarkedOpen()) {
            throw new ClosedChannelException();
        }
    }

    private static void requireWritable(SimulatedFile file) {
        if (!file.mayWrite()) {
            throw new NonWritableChannelException();
        }
    }

    private static void requirePosition(long at) {
        if (at < 0) {
            throw new IllegalArgumentException("negative position: at=" + at);
        }
    }

    private static Path absolute(Path path) {
        return ROOT.resolve(path).normalize();
    }

    // ---- faults, gates, listeners

    /** Lets certain calls fail from now on. */
    public synchronized InjectedFault inject(Fault fault) {
        InjectedFault injected = new InjectedFault(this, fault);
        faults.add(injected);
        return injected;
    }

    synchronized void remove(InjectedFault fault) {
        faults.remove(fault);
    }

    /** Takes all faults away: the disk works again. */
    public synchronized void removeFaults() {
        faults.clear();
    }

    /** Holds a call until the gate is opened. */
    public synchronized Gate hold(Gate.Position position, CallMatch calls) {
        Gate gate = new Gate(position, calls);
        gates.add(gate);
        return gate;
    }

    /** Calls the listener after every operation, in the thread that did it, before it returns. */
    public void addListener(Consumer<Operation> listener) {
        listeners.add(listener);
    }

    /**
     * The kernel tries to write back what was written to this file and not forced, and fails: it is taken for clean, may be
     * lost, and each open handle, or else the next one to be opened, reports the error once, at its next force.
     */
    public synchronized void failWriteBack(Path file) {
        Operation.Call call = call(Operation.Kind.WRITE_BACK_ERROR, file);
        Node node = state.find(call.path);
        if (!(node instanceof FileNode)) {
            throw new IllegalArgumentException("not a file: " + file);
        }
        call.fileId = node.id;
        applyDirectly(call);
    }

    /**
     * Memory becomes scarce: what is clean leaves the page cache. After a failed force that is what it should have covered, so from now
     * on it reads as what is on the medium: what was there before.
     */
    public synchronized void dropCleanPages(Path file) {
        Operation.Call call = call(Operation.Kind.PAGES_DROPPED, file);
        Node node = state.find(call.path);
        if (!(node instanceof FileNode)) {
            throw new IllegalArgumentException("not a file: " + file);
        }
        call.fileId = node.id;
        applyDirectly(call);
    }

    // ---- what another program did

    /** Replays a force of a file that was seen to begin when so many operations had returned: what returned later it does not cover. */
    public void replayForce(DiskFile file, long began) throws IOException {
        Operation.Call call = call(Operation.Kind.FORCE, (SimulatedFile) file);
        call.began = began;
        perform(call, fault -> {}, () -> true);
    }

    /** Replays a force of a directory, likewise. */
    public void replayForceDirectory(Path directory, long began) throws IOException {
        Operation.Call call = call(Operation.Kind.FORCE_DIRECTORY, directory);
        call.began = began;
        perform(call, fault -> requireDirectory(call.path), () -> true);
    }

    /** Replays that a file was made longer by a hole; one that is not shorter is left as it is. */
    public void replayGrow(DiskFile file, long sizeBytes) throws IOException {
        requirePosition(sizeBytes);
        if (sizeBytes > MAX_FILE_BYTES) {
            throw Fault.error(file.path(), "File too large");
        }
        Operation.Call call = call(Operation.Kind.GROW, (SimulatedFile) file);
        call.at = sizeBytes;
        perform(call, fault -> {}, () -> true);
    }

    // ---- looking, and damaging

    /** Whether the process that uses this disk has not ended. */
    public synchronized boolean isRunning() {
        return isRunning;
    }

    /** All files, as processes see them. */
    public synchronized List<Path> files() {
        List<Path> files = new ArrayList<>();
        collect(ROOT, state.root, files);
        return files;
    }

    private static void collect(Path path, DirectoryNode directory, List<Path> files) {
        directory.entries.forEach((name, node) -> {
            if (node instanceof DirectoryNode) {
                collect(path.resolve(name), (DirectoryNode) node, files);
            } else {
                files.add(path.resolve(name));
            }
        });
    }

    /** The bytes of a file, as processes see them. */
    public synchronized byte[] contents(Path file) {
        Node node = state.find(absolute(file));
        if (!(node instanceof FileNode)) {
            throw new IllegalArgumentException("not a file: " + file);
        }
        return ((FileNode) node).contents();
    }

    /** The paths of the files this process has open. */
    public synchronized List<Path> openFiles() {
        return openFiles.stream().map(SimulatedFile::path).sorted().toList();
    }

    /** Replaces the bytes of a file on the medium, or makes a file: a disk that lies, or a tool that went wrong. */
    public synchronized void damage(Path file, byte[] contents) {
        Operation.Call call = call(Operation.Kind.DAMAGE, file);
        call.data = contents.clone();
        call.bytes = contents.length;
        applyDirectly(call);
    }

    /** Changes the bytes of a file on the medium. */
    public void damage(Path file, UnaryOperator<byte[]> change) {
        damage(file, change.apply(contents(file)));
    }

    /** Flips one bit of a file on the medium; bits are counted from 0, eight in each byte, the lowest first. */
    public void flipBit(Path file, long bit) {
        damage(file, bytes -> {
            bytes[Math.toIntExact(bit / 8)] ^= (byte) (1 << (bit % 8));
            return bytes;
        });
    }

    /** Writes over part of a file on the medium. */
    public void overwrite(Path file, int at, byte... bytes) {
        damage(file, old -> {
            System.arraycopy(bytes, 0, old, at, bytes.length);
            return old;
        });
    }

    /** Makes a file on the medium shorter, or longer by zeros. */
    public void resize(Path file, int sizeBytes) {
        damage(file, old -> Arrays.copyOf(old, sizeBytes));
    }

    /** Takes a file from the medium. */
    public synchronized void lose(Path file) {
        applyDirectly(call(Operation.Kind.DAMAGE, file));
    }

    private void applyDirectly(Operation.Call call) {
        Operation operation = new Operation(operationCount, call, operationCount, Operation.Outcome.DONE);
        record(operation);
        state.apply(operation);
    }

    /** A number that is the same for the same names and bytes, as processes see them, and most likely no other. */
    public synchronized long fingerprint() {
        CRC32 one = new CRC32();
        CRC32C other = new CRC32C();
        fingerprint(ROOT, state.root, bytes -> {
            one.update(bytes);
            other.update(bytes);
        });
        return one.getValue() << 32 | other.getValue();
    }

    private static void fingerprint(Path path, DirectoryNode directory, Consumer<byte[]> sink) {
        directory.entries.forEach((name, node) -> {
            Path child = path.resolve(name);
            if (node instanceof DirectoryNode) {
                sink.accept((child + "/\0").getBytes(StandardCharsets.UTF_8));
                fingerprint(child, (DirectoryNode) node, sink);
                return;
            }
            FileNode file = (FileNode) node;
            sink.accept((child + "\0" + file.sizeBytes + "\0").getBytes(StandardCharsets.UTF_8));
            for (int page = 0; (long) page * Pages.PAGE_BYTES < file.sizeBytes; page++) {
                byte[] bytes = file.cached.get(page);
                sink.accept(bytes == null ? Pages.ZEROS : bytes);
            }
        });
    }

    // ---- the record

    /** How many operations have returned. */
    public synchronized long operationCount() {
        return operationCount;
    }

    /** What was recorded. */
    public synchronized List<Operation> operations() {
        return List.copyOf(recorded);
    }

    /** How many operations of a kind were recorded for paths like that. */
    public synchronized long count(Operation.Kind kind, Predicate<Path> where) {
        return recorded.stream()
                .filter(operation -> operation.kind() == kind && where.test(operation.path()))
                .count();
    }

    /** How many operations of a kind were recorded. */
    public long count(Operation.Kind kind) {
        return count(kind, path -> true);
    }

    /** Forgets the record and begins a new one here. */
    public synchronized void recordFromHere() {
        isRecording = true;
        recorded.clear();
        recordedFrom = null;
        recordedSince = operationCount;
    }

    /** Forgets the record and keeps none, for tests that write much. */
    public synchronized void recordNothing() {
        recordFromHere();
        isRecording = false;
    }

    // ---- crashes

    /** Everything a crash could have left behind at every boundary of the record. This disk goes on. */
    public synchronized CrashStates crashStates() {
        if (!isRecording) {
            throw new IllegalStateException("nothing was recorded");
        }
        DiskState start = recordedFrom == null ? state : recordedFrom;
        return new CrashStates(settings, start.copy(), recordedSince, List.copyOf(recorded));
    }

    /** The disk after a loss of power when that many operations had returned. This disk goes on. */
    public SimulatedDisk crash(CrashPlan plan, long boundary) {
        return crashStates().advanceTo(boundary).powerLoss(plan);
    }

    /** Loss of power now: the process ends, and the next one finds the returned disk. */
    public synchronized SimulatedDisk powerLoss(CrashPlan plan) {
        endProcess();
        return new SimulatedDisk(settings, plan.applyTo(state));
    }

    /** The process is killed now: what it wrote can still be read. The next one finds the returned disk. */
    public synchronized SimulatedDisk killProcess() {
        endProcess();
        return new SimulatedDisk(settings, state.copy(), operationCount);
    }

    /** Another disk in the same state; this one goes on. */
    public synchronized SimulatedDisk copy() {
        return new SimulatedDisk(settings, state.copy(), operationCount);
    }

    private void endProcess() {
        if (!isRunning) {
            throw new IllegalStateException("the process has ended already");
        }
        isRunning = false;
        locked.clear();
        openFiles.forEach(SimulatedFile::markClosed);
        openFiles.clear();
    }

    private final class SimulatedLock implements DiskLock {
        private final Path path;
        private boolean isHeld = true;

        SimulatedLock(Path path) {
            this.path = path;
        }

        @Override
        public Path path() {
            return path;
        }

        @Override
        public boolean isHeld() {
            synchronized (SimulatedDisk.this) {
                return isHeld && isRunning;
            }
        }

        @Override
        public void close() {
            synchronized (SimulatedDisk.this) {
                if (isHeld) {
                    isHeld = false;
                    locked.remove(path);
                }
            }
        }
    }
}
