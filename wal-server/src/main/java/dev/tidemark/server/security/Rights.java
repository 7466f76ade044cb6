package dev.tidemark.server.security;

import dev.tidemark.client.protocol.PartitionName;
import java.util.Collections;
import java.util.List;
import java.util.Set;

/**
 * What one identity may do. Immutable, and equal to another that permits the same in the same lines.
 *
 * @param isAll everything, whatever the grants say
 * @param grants what else
 */
public record Rights(boolean isAll, List<Grant> grants) {
    /** Where nothing is said about permissions. */
    public static final Rights ALL = new Rights(true, List.of());

    static final Set<Right> ANY = Set.of(Right.values());
    private static final Set<Right> CREATING = Set.of(Right.PRODUCE, Right.ADMIN);
    private static final Set<Right> MONITORING = Set.of(Right.MONITOR, Right.ADMIN);

    /** What can be permitted. */
    public enum Right {
        PRODUCE,
        FETCH,
        ADMIN,
        /** To know what there is and how it is, and nothing of what is in it. */
        MONITOR
    }

    /** Some rights for the partitions whose name, with the number, begins so. */
    public record Grant(Set<Right> rights, String prefix) {
        boolean fits(PartitionName partition) {
            String name = partition.name();
            return prefix.length() <= name.length()
                    ? name.startsWith(prefix)
                    : (name + '-' + partition.number()).startsWith(prefix);
        }
    }

    /** Whether it has one of these rights for this partition, of which nothing has been checked. */
    public boolean hasAny(Set<Right> oneOf, PartitionName partition) {
        if (isAll) {
            return true;
        }
        for (Grant grant : grants) {
            if (!Collections.disjoint(grant.rights, oneOf) && grant.fits(partition)) {
                return true;
            }
        }
        return false;
    }

    /** Whether it may make this partition, and not only open it. */
    public boolean mayCreate(PartitionName partition) {
        return hasAny(CREATING, partition);
    }

    /** Whether it may know of this partition. */
    public boolean mayKnow(PartitionName partition) {
        return hasAny(ANY, partition);
    }

    /** Whether it may know how everything is: what is said of the whole server names all there is. */
    public boolean monitorsAll() {
        return isAll
                || grants.stream()
                        .anyMatch(grant -> grant.prefix.isEmpty() && !Collections.disjoint(grant.rights, MONITORING));
    }
}
