namespace Orleans
{
    /// <summary>A grain interface. Use one of the interfaces that name the kind of its key.</summary>
    public interface IGrain : Runtime.IAddressable;

    /// <summary>A grain whose key is a text.</summary>
    public interface IGrainWithStringKey : IGrain;

    /// <summary>A grain whose key is a number.</summary>
    public interface IGrainWithIntegerKey : IGrain;
}

namespace Orleans.Runtime
{
    /// <summary>What can be called: a grain or a reference to one.</summary>
    public interface IAddressable;
}
