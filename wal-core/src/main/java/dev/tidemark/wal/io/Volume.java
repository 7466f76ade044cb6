package dev.tidemark.wal.io;

import java.util.Locale;
import java.util.Set;

/**
 * The volume on which a store lies.
 *
 * @param type the type of its file system as the system names it, such as {@code ext4}, {@code xfs} or {@code tmpfs}
 * @param totalBytes its size
 * @param usableBytes what this process may still allocate, as a hint: others allocate too
 * @param blockBytes the size of its blocks
 */
public record Volume(String type, long totalBytes, long usableBytes, long blockBytes) {

    private static final Set<String> VOLATILE = Set.of("tmpfs", "ramfs", "rootfs");

    // On these a force may mean "reached another machine", locks may be advisory in name only, and errors arrive late.
    private static final Set<String> NETWORK = Set.of(
            "9p",
            "afs",
            "beegfs",
            "ceph",
            "cifs",
            "fuse.ceph",
            "fuse.glusterfs",
            "fuse.rclone",
            "fuse.s3fs",
            "fuse.sshfs",
            "gfs2",
            "glusterfs",
            "gpfs",
            "lustre",
            "ncpfs",
            "nfs",
            "nfs3",
            "nfs4",
            "ocfs2",
            "smb2",
            "smb3",
            "smbfs");

    /** Whether its contents vanish with the power, whatever is forced. */
    public boolean isVolatile() {
        return VOLATILE.contains(type.toLowerCase(Locale.ROOT));
    }

    /** Whether it is reached over a network or shared with other machines. */
    public boolean isNetwork() {
        return NETWORK.contains(type.toLowerCase(Locale.ROOT));
    }
}
