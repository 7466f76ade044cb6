package dev.tidemark.wal.io;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Everything on a simulated disk at one moment: what processes see, what is durable, and all that lies between. Operations
 * are applied to it in the order in which they returned, live or from a log; both give the same state.
 *
 * <p><b>Threads.</b> Guarded by the disk it belongs to.
 */
final class DiskState {

    /** What a freed range held: it may show up in space that is allocated later. */
    static final class Remains {
        final long operation;
        final Pages pages;

        Remains(long operation, Pages pages) {
            this.operation = operation;
            this.pages = pages;
        }
    }

    private static final int MAX_REMAINS = 16;

    final DirectoryNode root;
    private final Map<Long, FileNode> files = new HashMap<>();
    private long nextId;
    final List<NameChange> nameChanges = new ArrayList<>();
    final List<Remains> remains = new ArrayList<>();

    /** Operations before this one are in the journal, if any force commits it. */
    long journalledBefore;

    long allocatedPages;

    DiskState() {
        this(new DirectoryNode(0), 1);
    }

    private DiskState(DirectoryNode root, long nextId) {
        this.root = root;
        this.nextId = nextId;
    }

    /** A state after a loss of power, in which everything is durable. */
    static DiskState settled(DirectoryNode root, DiskState before, List<Remains> remains) {
        DiskState state = new DiskState(root, before.nextId);
        state.adopt(root, new IdentityHashMap<>());
        state.remains.addAll(remains);
        return state;
    }

    private void adopt(Node node, IdentityHashMap<Node, Boolean> seen) {
        if (seen.put(node, true) != null) {
            return;
        }
        if (node instanceof FileNode) {
            files.put(node.id, (FileNode) node);
            allocatedPages += ((FileNode) node).cached.allocated();
        } else {
            ((DirectoryNode) node).entries.values().forEach(entry -> adopt(entry, seen));
        }
    }

    /** Page cache and all; the copy and this one change independently. */
    DiskState copy() {
        IdentityHashMap<Node, Node> copies = new IdentityHashMap<>();
        DirectoryNode newRoot = new DirectoryNode(root.id);
        copies.put(root, newRoot);
        DiskState copy = new DiskState(newRoot, nextId);
        Function<Node, Node> copyOf = new Function<>() {
            @Override
            public Node apply(Node node) {
                Node known = copies.get(node);
                if (known != null) {
                    return known;
                }
                if (node instanceof FileNode) {
                    FileNode file = ((FileNode) node).copy();
                    copies.put(node, file);
                    copy.files.put(file.id, file);
                    return file;
                }
                DirectoryNode directory = new DirectoryNode(node.id);
                directory.names = node.names;
                copies.put(node, directory);
                fill((DirectoryNode) node, directory, this);
                return directory;
            }
        };
        fill(root, newRoot, copyOf);
        nameChanges.forEach(change -> copy.nameChanges.add(change.mapped(copyOf)));
        files.values().forEach(copyOf::apply);
        copy.remains.addAll(remains);
        copy.journalledBefore = journalledBefore;
        // Another process has nothing open, so files without a name occupy nothing.
        for (FileNode file : copy.files.values()) {
            copy.allocatedPages += file.isInUse() ? file.cached.allocated() : 0;
        }
        return copy;
    }

    private static void fill(DirectoryNode from, DirectoryNode to, Function<Node, Node> copyOf) {
        from.entries.forEach((name, node) -> to.entries.put(name, copyOf.apply(node)));
        from.durable.forEach((name, node) -> to.durable.put(name, copyOf.apply(node)));
    }

    // ---- finding

    @Nullable
    Node find(Path path) {
        Node node = root;
        for (Path name : path) {
            if (!(node instanceof DirectoryNode)) {
                return null;
            }
            node = ((DirectoryNode) node).entries.get(name.toString());
        }
        return node;
    }

    @Nullable
    DirectoryNode parentOf(Path path) {
        Path parent = path.getParent();
        Node node = parent == null ? null : find(parent);
        return node instanceof DirectoryNode ? (DirectoryNode) node : null;
    }

    FileNode file(long id) {
        FileNode file = files.get(id);
        if (file == null) {
            throw new IllegalStateException("no such file: id=" + id);
        }
        return file;
    }

    Iterable<FileNode> files() {
        return files.values();
    }

    /** The id the next file or directory will get. */
    long nextId() {
        return nextId;
    }

    // ---- changing

    /** A directory that was there before anything happened. */
    void addDirectory(Path path) {
        if (find(path) == null) {
            DirectoryNode parent = directoryOf(path);
            DirectoryNode directory = new DirectoryNode(nextId++);
            directory.names = 1;
            parent.entries.put(nameOf(path), directory);
            parent.durable.put(nameOf(path), directory);
        }
    }

    /** Does what the operation did. The disk has checked that it can be done. */
    void apply(Operation operation) {
        if (!operation.changedTheDisk()) {
            return;
        }
        long index = operation.index();
        switch (operation.kind()) {
            case CREATE:
                FileNode file = new FileNode(nextId++);
                files.put(file.id, file);
                addName(index, operation.path(), file);
                break;
            case CREATE_DIRECTORY:
                addName(index, operation.path(), new DirectoryNode(nextId++));
                break;
            case LINK:
                addName(index, operation.target().orElseThrow(), found(operation.path()));
                break;
            case RENAME:
                rename(index, operation.path(), operation.target().orElseThrow());
                break;
            case DELETE:
                delete(index, operation.path());
                break;
            case WRITE:
                write(operation);
                break;
            case TRUNCATE:
                truncate(operation);
                break;
            case GROW:
                file(operation.fileId()).grow(index, operation.at());
                break;
            case FORCE:
                force(operation);
                break;
            case FORCE_DIRECTORY:
                forceDirectory(operation);
                break;
            case WRITE_BACK_ERROR:
                file(operation.fileId()).loseUnforced(index);
                break;
            case PAGES_DROPPED:
                dropCleanPages(file(operation.fileId()));
                break;
            case DAMAGE:
                damage(operation);
                break;
            default:
                throw new IllegalStateException("does not change the disk: " + operation);
        }
    }

    private Node found(Path path) {
        Node node = find(path);
        if (node == null) {
            throw new IllegalStateException("absent: " + path);
        }
        return node;
    }

    private DirectoryNode directoryOf(Path path) {
        DirectoryNode directory = parentOf(path);
        if (directory == null) {
            throw new IllegalStateException("no directory for: " + path);
        }
        return directory;
    }

    static String nameOf(Path path) {
        return String.valueOf(path.getFileName());
    }

    private void addName(long index, Path path, Node node) {
        change(new NameChange(index, List.of(new NameChange.Entry(directoryOf(path), nameOf(path), node)), node));
        node.names++;
    }

    private void rename(long index, Path from, Path to) {
        Node node = found(from);
        Node replaced = find(to);
        if (node == replaced) {
            return;
        }
        List<NameChange.Entry> entries = List.of(
                new NameChange.Entry(directoryOf(from), nameOf(from), null),
                new NameChange.Entry(directoryOf(to), nameOf(to), node));
        change(new NameChange(index, entries, node, replaced));
        dropName(index, replaced);
    }

    private void delete(long index, Path path) {
        Node node = found(path);
        change(new NameChange(index, List.of(new NameChange.Entry(directoryOf(path), nameOf(path), null)), node));
        dropName(index, node);
    }

    private void change(NameChange change) {
        nameChanges.add(change);
        change.entries.forEach(entry -> entry.applyTo(entry.directory.entries));
    }

    private void dropName(long index, @Nullable Node node) {
        if (node != null && --node.names == 0 && node instanceof FileNode) {
            FileNode file = (FileNode) node;
            if (!file.isInUse()) {
                allocatedPages -= file.cached.allocated();
            }
            leaveRemains(index, file.durable.allocated() > 0 ? file.durable.copy() : file.cached.copy());
        }
    }

    private void leaveRemains(long index, Pages pages) {
        if (pages.allocated() == 0) {
            return;
        }
        if (remains.size() == MAX_REMAINS) {
            remains.remove(0);
        }
        remains.add(new Remains(index, pages));
    }

    private void write(Operation operation) {
        FileNode file = file(operation.fileId());
        byte[] data = operation.data();
        if (data == null || operation.bytes() == 0) {
            return;
        }
        if (file.isInUse()) {
            allocatedPages += file.newPagesFor(operation.at(), operation.bytes());
        }
        file.write(operation.index(), operation.at(), data, operation.bytes());
    }

    private void truncate(Operation operation) {
        FileNode file = file(operation.fileId());
        if (operation.at() < file.sizeBytes) {
            Pages freed = file.truncate(operation.index(), operation.at());
            if (file.isInUse()) {
                allocatedPages -= freed.allocated();
            }
            leaveRemains(operation.index(), freed);
        }
    }

    private void force(Operation operation) {
        FileNode file = file(operation.fileId());
        if (operation.tookEffect()) {
            file.force(operation.began());
            journalledBefore = Math.max(journalledBefore, operation.began());
        } else {
            file.loseUnforced(operation.began());
            // Whoever forced has been told; only what nobody was told waits for the next who opens the file.
            file.writeBackErrorSeen = true;
        }
    }

    private void dropCleanPages(FileNode file) {
        int before = file.cached.allocated();
        file.dropCleanPages();
        if (file.isInUse()) {
            allocatedPages += file.cached.allocated() - before;
        }
    }

    private void forceDirectory(Operation operation) {
        Node node = find(operation.path());
        if (!(node instanceof DirectoryNode)) {
            // Renamed or deleted while the force was under way.
            return;
        }
        DirectoryNode directory = (DirectoryNode) node;
        if (operation.tookEffect()) {
            commitNames(directory, operation.began());
            journalledBefore = Math.max(journalledBefore, operation.began());
        } else {
            nameChanges.replaceAll(change ->
                    change.operation < operation.began() && change.isIn(directory) ? change.asLost() : change);
        }
    }

    private void commitNames(DirectoryNode directory, long began) {
        boolean[] covered = new boolean[nameChanges.size()];
        for (int i = covered.length - 1; i >= 0; i--) {
            NameChange change = nameChanges.get(i);
            covered[i] |= change.operation < began && !change.lost && change.isIn(directory);
            for (int earlier = 0; covered[i] && earlier < i; earlier++) {
                covered[earlier] |= change.needs(nameChanges.get(earlier));
            }
        }
        List<NameChange> remaining = new ArrayList<>();
        for (int i = 0; i < covered.length; i++) {
            NameChange change = nameChanges.get(i);
            if (covered[i]) {
                change.entries.forEach(entry -> entry.applyTo(entry.directory.durable));
            } else {
                remaining.add(change);
            }
        }
        nameChanges.clear();
        nameChanges.addAll(remaining);
    }

    void opened(FileNode file) {
        file.openHandles++;
    }

    void closed(FileNode file) {
        file.openHandles--;
        if (!file.isInUse()) {
            allocatedPages -= file.cached.allocated();
        }
    }

    private void damage(Operation operation) {
        DirectoryNode directory = directoryOf(operation.path());
        // What a test does to the medium is there for certain, so what happened to these names before it must be, too.
        commitNames(directory, Long.MAX_VALUE);
        String name = nameOf(operation.path());
        byte[] contents = operation.data();
        if (contents == null) {
            Node node = found(operation.path());
            directory.entries.remove(name);
            directory.durable.remove(name);
            dropName(operation.index(), node);
            return;
        }
        FileNode file = (FileNode) find(operation.path());
        if (file == null) {
            file = new FileNode(nextId++);
            file.names = 1;
            files.put(file.id, file);
            directory.entries.put(name, file);
            directory.durable.put(name, file);
        }
        allocatedPages -= file.cached.allocated();
        file.replaceContents(contents);
        allocatedPages += file.cached.allocated();
    }
}
