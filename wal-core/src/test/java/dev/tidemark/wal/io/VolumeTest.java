package dev.tidemark.wal.io;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VolumeTest {

    @ParameterizedTest
    @CsvSource({
        "ext4, false, false",
        "xfs, false, false",
        "btrfs, false, false",
        "apfs, false, false",
        "tmpfs, true, false",
        "ramfs, true, false",
        "nfs, false, true",
        "nfs4, false, true",
        "NFS4, false, true",
        "cifs, false, true",
        "9p, false, true",
        "fuse.sshfs, false, true"
    })
    void type_tellsWhatItIsGoodFor(String type, boolean isVolatile, boolean isNetwork) {
        Volume volume = new Volume(type, 1, 1, 1);
        assertThat(volume.isVolatile()).isEqualTo(isVolatile);
        assertThat(volume.isNetwork()).isEqualTo(isNetwork);
    }
}
