package dev.tidemark.wal.io;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One creation, renaming or deletion that no force of a directory has made durable yet. It happens as a whole or not at
 * all, also where it changes two directories.
 */
final class NameChange {

    /** One name in one directory that now leads elsewhere, or nowhere. */
    static final class Entry {
        final DirectoryNode directory;
        final String name;
        final @Nullable Node node;

        Entry(DirectoryNode directory, String name, @Nullable Node node) {
            this.directory = directory;
            this.name = name;
            this.node = node;
        }

        void applyTo(Map<String, Node> entries) {
            if (node == null) {
                entries.remove(name);
            } else {
                entries.put(name, node);
            }
        }
    }

    final long operation;
    final List<Entry> entries;
    private final List<Node> touched;

    /** The force that should have made it durable failed; no later one does. */
    final boolean lost;

    private NameChange(long operation, List<Entry> entries, List<Node> touched, boolean lost) {
        this.operation = operation;
        this.entries = entries;
        this.touched = touched;
        this.lost = lost;
    }

    /** @param touched the files and directories that gained, lost or changed a name */
    NameChange(long operation, List<Entry> entries, @Nullable Node... touched) {
        this(operation, entries, Arrays.stream(touched).filter(n -> n != null).toList(), false);
    }

    NameChange asLost() {
        return new NameChange(operation, entries, touched, true);
    }

    boolean isIn(DirectoryNode directory) {
        return entries.stream().anyMatch(entry -> entry.directory == directory);
    }

    /**
     * Whether this one can only have happened if the earlier one did. File systems keep the order of changes to one name,
     * to one file, and of what empties a directory and its removal.
     */
    boolean needs(NameChange earlier) {
        for (Node node : touched) {
            if (earlier.touched.contains(node)
                    || node instanceof DirectoryNode
                            && entries.stream().allMatch(entry -> entry.node == null)
                            && earlier.isIn((DirectoryNode) node)) {
                return true;
            }
        }
        for (Entry entry : entries) {
            for (Entry other : earlier.entries) {
                if (entry.directory == other.directory && entry.name.equals(other.name)) {
                    return true;
                }
            }
        }
        return false;
    }

    /** The same change among copies of the nodes. */
    NameChange mapped(Function<Node, Node> copies) {
        List<Entry> mapped = entries.stream()
                .map(entry -> new Entry(
                        (DirectoryNode) copies.apply(entry.directory),
                        entry.name,
                        entry.node == null ? null : copies.apply(entry.node)))
                .toList();
        return new NameChange(operation, mapped, touched.stream().map(copies).toList(), lost);
    }
}
