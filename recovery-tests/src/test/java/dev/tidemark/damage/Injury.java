package dev.tidemark.damage;

import java.nio.file.Path;
import java.util.NavigableMap;
import java.util.Set;

/**
 * What was done to a store.
 *
 * @param kind how
 * @param victim the kind of the file that was meant
 * @param words what was done, for people
 * @param changed the files whose bytes are others now, or that were not there or are not any more; relative to the store
 * @param files all files as they are now
 */
record Injury(InjuryKind kind, FileKind victim, String words, Set<Path> changed, NavigableMap<Path, byte[]> files) {

    /** Whether this file is one of those that are not as they were. */
    boolean concerns(String file) {
        return changed.stream().anyMatch(path -> path.toString().equals(file));
    }

    /** Whether nothing that was changed matters. */
    boolean isHarmless(Specimen specimen) {
        return changed.stream().noneMatch(file -> specimen.kindOf(file).matters());
    }

    @Override
    public String toString() {
        return kind.words() + " in " + victim.words() + ": " + words + ", changed=" + changed;
    }
}
