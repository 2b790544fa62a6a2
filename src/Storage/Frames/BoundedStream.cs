namespace KVCluster.Storage.Frames;

/// <summary>Writes into a part of an array and remembers, instead of failing, when the part would not do.</summary>
internal sealed class BoundedStream(byte[] buffer, int offset, int capacity) : Stream
{
    public int Written { get; private set; }

    public bool Overflowed { get; private set; }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(byte[] source, int start, int count) => Write(source.AsSpan(start, count));

    public override void Write(ReadOnlySpan<byte> source)
    {
        Overflowed |= source.Length > capacity - Written;
        if (!Overflowed)
        {
            source.CopyTo(buffer.AsSpan(offset + Written));
            Written += source.Length;
        }
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] target, int start, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
