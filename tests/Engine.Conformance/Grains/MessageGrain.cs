namespace KVCluster.Engine.Conformance.Grains;

[GenerateSerializer, Alias("conformance.Parcel")]
public sealed record Parcel([property: Id(0)] string Name, [property: Id(1)] int[] Numbers)
{
    [Id(2)]
    public List<string> Notes { get; init; } = [];

    [Id(3)]
    public Parcel? Inner { get; set; }
}

[GenerateSerializer, Immutable, Alias("conformance.SealedParcel")]
public sealed record SealedParcel([property: Id(0)] int[] Numbers);

[GenerateSerializer, Alias("conformance.ParcelException")]
public sealed class ParcelException : Exception
{
    public ParcelException(string message, int code)
        : base(message) => Code = code;

    [Id(0)]
    public int Code { get; private set; }
}

/// <summary>A type that nothing says may be sent.</summary>
public sealed class Unsendable
{
    public int Value { get; set; }
}

/// <summary>Takes and gives messages.</summary>
public interface IMessageGrain : IGrainWithStringKey
{
    Task Keep(Parcel parcel);

    Task<Parcel> Kept();

    Task<int> KeptNumber(int index);

    Task KeepBytes(byte[] bytes);

    Task<byte[]> KeptBytes();

    Task<Dictionary<string, List<int>>> Lists(Dictionary<string, List<int>> lists);

    Task<SealedParcel> SameSealed(SealedParcel parcel);

    Task Fail(string message, int code);

    Task FailWithInner(string message, string inner);

    ValueTask<int> Add(int a, int b);

    Task<string> Call(IMessageGrain other);

    Task<IMessageGrain> Self();
}

public sealed class MessageGrain : Grain, IMessageGrain
{
    private Parcel? _parcel;
    private byte[] _bytes = [];

    public Task Keep(Parcel parcel)
    {
        _parcel = parcel;
        return Task.CompletedTask;
    }

    public Task<Parcel> Kept() => Task.FromResult(_parcel!);

    public Task<int> KeptNumber(int index) => Task.FromResult(_parcel!.Numbers[index]);

    public Task KeepBytes(byte[] bytes)
    {
        _bytes = bytes;
        return Task.CompletedTask;
    }

    public Task<byte[]> KeptBytes() => Task.FromResult(_bytes);

    public Task<Dictionary<string, List<int>>> Lists(Dictionary<string, List<int>> lists)
    {
        lists["added"] = [1];
        return Task.FromResult(lists);
    }

    public Task<SealedParcel> SameSealed(SealedParcel parcel) => Task.FromResult(parcel);

    public async Task Fail(string message, int code)
    {
        await Task.Yield();
        throw new ParcelException(message, code);
    }

    public Task FailWithInner(string message, string inner)
        => throw new InvalidOperationException(message, new ArgumentException(inner));

    public ValueTask<int> Add(int a, int b) => ValueTask.FromResult(a + b);

    public Task<string> Call(IMessageGrain other) => Task.FromResult(other.GetPrimaryKeyString());

    public Task<IMessageGrain> Self() => Task.FromResult(this.AsReference<IMessageGrain>());
}

/// <summary>Takes what cannot be sent.</summary>
public interface IUnsendableGrain : IGrainWithStringKey
{
    Task<string> Send(Unsendable value);
}

public sealed class UnsendableGrain : Grain, IUnsendableGrain
{
    public Task<string> Send(Unsendable value) => Task.FromResult("arrived");
}
