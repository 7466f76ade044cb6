package dev.tidemark.wal.format;

/**
 * What a reader found where a frame could be. The constants stand in the order in which the tests are made ({@code docs/format.md},
 * section "When a frame is valid"), so a verdict also says that every test before it was passed.
 */
public enum FrameVerdict {
    /** The file ends exactly here. */
    END_OF_FILE,
    /** The next 40 bytes, or all that is left of the file when that is less, are zeros. */
    ZEROS,
    /** Fewer bytes are left than a header takes, and not all of them are zeros. */
    CUT_OFF,
    /** The header does not match its checksum at this position of this segment: torn, damaged, moved, or left over from an earlier use. */
    BAD_HEADER_CRC,
    /** The length is over the limit of the format, or the frame would end outside the file. */
    BAD_LENGTH,
    /** The kind is none that version 1 knows. */
    BAD_KIND,
    /** A reserved flag is set, or the length of the extension does not fit the extensions that the flags announce. */
    BAD_FLAGS,
    /** The number of offsets taken is impossible for the kind. */
    BAD_COUNT,
    /** The frame does not begin at the offset at which the frame before it ended, or its end is no offset. */
    WRONG_OFFSET,
    /** The frame claims that more was durable when it was written than had been appended before it. */
    WRONG_SYNCED,
    /** The payload does not match its checksum. The header is good: a scan may step over the frame. */
    BAD_PAYLOAD_CRC,
    /** Everything that was tested holds. */
    VALID;

    public boolean isValid() {
        return this == VALID;
    }

    /** Whether the header verified, so that its length may be trusted to find the frame behind it. */
    public boolean isLengthTrusted() {
        return compareTo(BAD_LENGTH) > 0;
    }
}
