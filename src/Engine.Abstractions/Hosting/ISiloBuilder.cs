using Microsoft.Extensions.DependencyInjection;

namespace Orleans.Hosting;

/// <summary>Builds a silo.</summary>
public interface ISiloBuilder
{
    /// <summary>The silo's services. Hosted services among them start and stop with the silo.</summary>
    IServiceCollection Services { get; }
}

/// <summary>Shorthands of <see cref="ISiloBuilder"/>.</summary>
public static class SiloBuilderExtensions
{
    /// <summary>Sets options.</summary>
    public static ISiloBuilder Configure<TOptions>(this ISiloBuilder builder, Action<TOptions> configureOptions)
        where TOptions : class
    {
        builder.Services.Configure(configureOptions);
        return builder;
    }
}
