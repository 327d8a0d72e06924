fn main() {
    tracing_subscriber::fmt().init();
    let sources = hermes_approval::config::Sources::from_process(None, Default::default());
    let loaded = hermes_approval::config::Config::load(&sources).expect("config");
    actix_web::rt::System::new().block_on(hermes_approval::app::serve(loaded)).expect("serve");
}
